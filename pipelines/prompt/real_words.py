"""Real words one slip away from the name of an object: a bull is no torus, a skull no chair.

Made by running `spelling.nearest_family` without this list over the American English word list of SCOWL (wamerican
2020.12.07) and the Brazilian Portuguese one of br.ispell (wbrazilian 3.0), 328,841 words, and keeping every word that
it took for an object. "vaze" and "vazo" are taken out again: forms of a rare verb, and common misspellings of vases.
"""

from typing import Final

from pipelines.prompt.tokens import phrases

REAL_WORDS: Final = frozenset(
    phrases(
        "afianca, afiancas, alcanca, alcancas, angola, aninha, aninhas, antilhas, areola, areolas, argila, argilas",
        "arrola, arrolas, baal, balinha, balinhas, bandea, bandeia, bandeias, bandejao, battle, battles, bolinho",
        "bolinhos, bolonha, bolsinha, bolsinhas, books, bootless, bottled, bracken, cabeca, cabecas, cacheio",
        "cadeia, cadeias, caias, caibas, caidas, caieiras, cairas, caixao, caixoes, caldeira, caldeiras",
        "caldeirinha, caldeirinhas, cambuca, caminha, caminhas, canedo, canela, canelas, caneta, canetas",
        "canhoneira, canhoneiras, canico, canicos, caninha, caninhas, capinha, capinhas, careca, carecas, careco",
        "careira, careiras, carinha, carinhas, caseira, caseiras, cassa, cassas, caster, casters, caveira, caveiras",
        "caxias, chains, chars, chaster, chavea, chaveia, chaveias, chaveio, choirs, chuveiro, chuveiros, coaste",
        "coasted, coastes, cominho, corpinho, corpinhos, cozinho, crixas, daninho, daninhos, dedinho, dedinhos",
        "dike, dique, distanciado, distanciados, dyke, engrenarem, esmera, esmeras, espacado, espacados, espanador",
        "espanadores, espera, esperas, fennel, fiasco, fiascos, floreara, florearas, floreia, floreias, florira",
        "floriras, foreira, foreiras, fraco, fracos, franco, francos, fresco, frescos, frisco, fruteiro, fruteiros",
        "funner, ganho, ganhos, garrafao, gaucho, gauchos, hock, hocks, horses, hoses, housed, jardineiro",
        "jardineiros, keying, manipula, manipulas, manipule, manipules, manipulou, palates, parcas, partos, pates",
        "patinho, patos, percas, pilates, pinha, pinhal, pinhas, pinho, pinholes, pinhos, pintoes, places, planes",
        "planner, planners, plantar, plante, planted, plantei, planteis, plantem, plaster, plasters, plated, platen",
        "platens, platos, platte, platter, platters, plotes, pocas, poncas, poras, porcao, porcos, porias, portas",
        "poucas, prados, prantos, prates, pratinha, prazos, pretinho, pretinhos, pretos, puxado, puxados, pyres",
        "sauce, sauced, sauces, saucier, screwy, shrews, space, spaced, spaces, spacey, spacier, sparer, strews",
        "tabeles, tabled, tablet, tablets, tabules, tales, tiroide, tiroides, torpid, torrid, torro, trai, trais",
        "travessao, travessia, travessias, travesso, travessos, tumble, tumbled, tumbles, washed, washes, waster",
        "wasters, wisher, wishers",
    )
)
