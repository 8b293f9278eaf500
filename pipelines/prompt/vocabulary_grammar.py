"""Words that hold a sentence together: where a noun phrase begins, where it ends",
"and what says nothing about shape."""

from typing import Final

from pipelines.prompt.tokens import PhraseTable, phrases

# What people say before they come to the object.
PREAMBLE: Final = frozenset(
    phrases(
        "i, we, want, wants, need, needs, would, like, love, please, pls, can, could, you, u, make, making, me",
        "us, create, design, generate",
        "print, printing, produce, build, give, get, let, s, do, have, some, hello, hi, hey, dear, thanks",
        "looking, ll, ve, am, im, draw",
        "wanna, gotta, render, to, d, one, just, maybe, also, it, is, should, be, there, this, here, will, send",
        "order, buy, sculpt, d",
        "eu, nos, quero, queria, queremos, gostaria, preciso, precisamos, precisava, necessito, faca, faz, fazer",
        "faça, crie, criar, cria, gere, gerar",
        "desenhe, desenhar, imprima, imprimir, imprime, modele, modelar, produza, por, favor, me, pode, poderia",
        "podem, voce, vc, ola, oi",
        "bom, boa, dia, tarde, noite, construa, construir, monte, manda, mande, projete, projetar, seria, ser",
        "obrigado, gentileza, ter, meu, minha",
    )
)
DETERMINERS: Final = frozenset(
    phrases(
        "a, an, the, my, your, his, her, our, their, its, this, that, these, those, some, any, each, every",
        "another, both, all, one",
        "um, uma, uns, umas, o, a, os, as, meu, minha, meus, minhas, seu, sua, seus, suas, nosso, nossa, este",
        "esta, esse, essa, isso",
        "cada, outro, outra, algum, alguma, todo, toda, todos, todas",
    )
)

# Where an English noun phrase ends.
PREPOSITIONS: Final = frozenset(
    phrases(
        "of, with, w, for, in, on, at, to, from, by, as, under, over, inside, without, near, into, onto, atop",
        "about, above, below, like",
        "between, behind, around, than, per, via, using, against, along, beside, underneath, plus, topped, upon",
        "up, out, off, across, next, through",
        "com, de, do, da, dos, das, para, pra, pro, p, em, no, na, nos, nas, num, numa, por, pelo, pela, sem",
        "sobre, sob, entre, ate, como",
        "ao, aos, dentro, embaixo, acima, abaixo, junto",
    )
)
CONNECTIVES: Final = frozenset(
    phrases(
        "and, or, but, nor, so, then, that, which, who, whose, where, when, because, while, if, not, no",
        "e, ou, mas, que, onde, quando, porque, se, nem, cujo, cuja, entao, nao, pois",
    )
)
VERBS: Final = frozenset(
    phrases(
        "is, are, be, being, was, has, have, having, should, must, can, could, will, would, may, do, does, made",
        "make, makes, measuring",
        "measures, holding, holds, hold, holder_, saying, says, say, reading, reads, written, engraved, embossed",
        "painted, featuring, features",
        "including, includes, include, called, named, labeled, labelled, suitable, designed, intended, used, use",
        "uses, shaped, printed, fits",
        "fit, fitting, needs, need, goes, go, sized, looks, look, looking, inspired, based, filled, decorated",
        "covered, attached, standing",
        "sitting, mounted, stored, store, keep, keeps, put, display, wearing, riding, playing, running, flying",
        "stands, sits, hang, hanging_",
        "e, ser, seja, deve, pode, tem, tenha, tendo, tera, feito, feita, feitos, feitas, medindo, mede, medir",
        "escrito, escrita, gravado",
        "gravada, pintado, pintada, impresso, impressa, chamado, chamada, dizendo, diz, usado, usada, usar, uso",
        "caiba, cabe, servir, serve",
        "guardar, segurar, colocar, pendurar, apoiar, decorado, decorada, coberto, coberta, inspirado, inspirada",
        "baseado, baseada, preciso",
        "proprio, propria, ideal, adequado, adequada, parecido, parecida, resistente, quero, precisa",
    )
)

# Adjectives and manner words that promise no shape of their own.
ADJECTIVES: Final = frozenset(
    phrases(
        "identical, identicos, identicas, truncado, truncada, truncated, small, big, large, little, tiny, mini",
        "miniature, huge, giant, medium, regular, standard, normal",
        "simple, basic, plain, nice, cute, cool",
        "pretty, beautiful, lovely, elegant, modern, minimalist, minimal, minimalistic, classic, vintage, rustic",
        "fancy, stylish, unique, new, old",
        "good, great, best, perfect, custom, customized, personalized, personalised, printable, printed",
        "decorative, functional, useful, practical",
        "strong, sturdy, robust, durable, lightweight, light, heavy, solid, thin, thick, thicker, slim, narrow",
        "short, tall, taller, wide, wider",
        "deep, shallow, long, round, rounded, circular, cylindrical, smooth, soft, hard, flat, straight, clean",
        "clear, matte, matt, glossy, shiny",
        "dark, pale, bright, plastic, wooden, ceramic, glass, metal, steel, toy, model, real, realistic, single",
        "double, extra, very, really, quite",
        "super, own, same, other, matching, different, whole, full, empty, open, closed, removable, tight, loose",
        "outer, inner, outside, inside",
        "upper, lower, central, center, centre, middle, rectangular, high, quality, cheap, simple, parametric",
        "precise, exact, external, internal",
        "threaded, hexagonal, square, octagonal, triangular, pentagonal, m, iso, metric, kitchen, wall, desk",
        "home, office, bathroom, bedroom, stainless, workshop, garage, dollhouse",
        "living, room, garden, hex, approximately, approx, about, roughly, exactly, nominal, total, overall",
        "maximum, minimum, max, min, only",
        "diy, custom_made, handmade, gift, birthday, wedding, christmas, party, spare, replacement, cool_looking",
        "low, geometric, scandinavian",
        "pequeno, pequena, pequenos, pequenas, grande, grandes, medio, media, mini, minusculo, gigante, simples",
        "basico, basica, bonito, bonita",
        "lindo, linda, belo, bela, elegante, moderno, moderna, minimalista, classico, classica, rustico, rustica",
        "novo, nova, velho, antigo",
        "bom, boa, otimo, perfeito, personalizado, personalizada, personalizados, personalizadas, imprimivel",
        "decorativo, decorativa, util",
        "forte, fortes, firme, robusto, robusta, duravel, leve, pesado, solido, solida, fino, fina, finos, finas",
        "grosso, grossa, estreito, estreita",
        "curto, curta, alto, alta, baixo, baixa, largo, larga, comprido, comprida, raso, rasa, fundo, funda",
        "redondo, redonda, redondos, redondas",
        "arredondado, arredondada, arredondados, arredondadas, circular, cilindrico, cilindrica, liso, lisa",
        "lisos, lisas, plano, plana, reto, reta",
        "retos, retas, fosco, fosca, brilhante, plastico, plastica, madeira, metal, ceramica, vidro, barro",
        "argila, sextavado, sextavada, quadrado",
        "quadrada, retangular, triangular, interno, interna, externo, externa, central, passante, superior",
        "inferior, aberto, aberta, fechado",
        "fechada, removivel, igual, iguais, mesmo, mesma, unico, unica, extra, muito, bem, mais, menos, total",
        "maximo, minimo, exato, exata",
        "aproximadamente, cerca, uns, quase, metrico, metrica, presente, aniversario, casamento, noivado, natal",
        "infantil, crianca, brinquedo",
        "reserva, reposicao, rosqueado, rosqueada, padrao, comum, normal, estiloso, geometrico, barato, delicado",
        "delicada, charmoso, fofo, fofa",
    )
)

# Nouns that may stand beside an object without changing it: what it holds, where it is used, how it is finished.
BENIGN_NOUNS: Final = frozenset(
    phrases(
        "size, height, width, depth, length, diameter, radius, thickness, color, colour, material, finish",
        "design, style, look, shape, surface",
        "base, bottom, top, side, sides, walls, edge, edges, rim, lip, mouth, opening, body, inside, outside",
        "front, back, center, middle, part",
        "piece, pieces, unit, units, copy, copies, filament, infill, layer, print, printer, printing, use, gift",
        "mm, cm, details, corner, corners",
        "kitchen, wall, desk, home, office, room, garden, house, door, drawer, cabinet, closet, shelf, bathroom",
        "bedroom, table, bed, car",
        "flower, flowers, plant, plants, jewelry, jewellery, tool, tools, pen, pens, pencil, pencils, phone, key",
        "keys, coat, coats, towel, towels",
        "coffee, tea, soup, salad, fruit, fruits, cereal, water, beer, wine, food, storage, thread, threads",
        "tooth, teeth, bore, axis, shaft",
        "leg, legs, seat, screw, screws, bolt, bolts, nut, nuts, volume, stove, guitar, amp, potentiometer",
        "radio, baby, kid, kids, mom, dad",
        "tamanho, altura, largura, profundidade, comprimento, diametro, raio, espessura, cor, material",
        "acabamento, estilo, forma, formato",
        "superficie, fundo, topo, lado, lados, parede, paredes, borda, bordas, boca, abertura, corpo, interior",
        "exterior, frente, meio, centro",
        "parte, peca, pecas, unidade, unidades, copia, copias, filamento, preenchimento, camada, impressao",
        "impressora, uso, presente, detalhes",
        "cozinha, casa, escritorio, sala, quarto, banheiro, jardim, porta, gaveta, armario, estante, mesa, cama",
        "carro, flor, flores, planta",
        "plantas, joias, ferramenta, ferramentas, caneta, canetas, lapis, celular, chave, chaves, casaco",
        "casacos, roupa, toalha, toalhas",
        "cafe, cha, sopa, salada, fruta, frutas, agua, cerveja, vinho, comida, rosca, dente, dentes, eixo, furo",
        "perna, pernas, assento, canto",
        "cantos, parafuso, parafusos, porca, porcas, sobremesa, jantar, guardanapo, cabeca, milimetros",
        "centimetros, dedo, noiva, bebe, mae, pai",
        "pill, pills, mount, mounting, wardrobe, boy, girl, man, woman, men, women, child, children, friend, wife",
        "husband, son, daughter, sister",
        "brother, father, mother, grandma",
        "finger, bride, head, napkin, brinquedo, bolinhas, remedios, remedio, pilhas, pilha, moedas, medida",
        "medidas, dimensoes, dimensions",
        "measurements, dimension, quantidade, quantity, total, each, one, ones, text, texto, name, nome, letters",
        "letras, word, palavra, frase",
    )
)

# "a set of", "uma peça de": the object is what follows.
CONTAINERS: Final = frozenset(
    phrases(
        "set, sets, pair, pairs, dozen, dozens, couple, pack, packs, batch, copy, copies, piece, pieces, pcs",
        "unit, units, model, models, version",
        "replica, design, prototype, kit, kind, type, print, prints, sort, lot",
        "jogo, jogos, conjunto, conjuntos, par, pares, duzia, duzias, kit, copia, copias, unidade, unidades",
        "peca, pecas, modelo, modelos",
        "versao, replica, projeto, prototipo, tipo, lote, pacote",
    )
)
# "a coaster set", "a vase model": the object is what goes before.
TRAILING: Final = frozenset(
    phrases(
        "set, sets, model, models, design, prototype, replica, print, object, part, pack, kit, piece, pieces, shape"
    )
)

GENERIC_HOLDERS: Final = frozenset(
    phrases("stand, holder, dock, support, cradle, suporte, apoio, base, descanso, organizador, organizer, porta")
)
PHONES: Final = frozenset(
    phrases("phone, phones, smartphone, cellphone, iphone, mobile, cell, celular, celulares, telefone, smartphone")
)
PENS: Final = frozenset(phrases("pen, pens, pencil, pencils, caneta, canetas, lapis, markers, pinceis"))
POTS: Final = frozenset(phrases("pot, pots, vaso, vasos, vasinho, vasinhos, vase, jarro"))
PLANTS: Final = frozenset(
    phrases(
        "plant, plants, cactus, cacti, succulent, succulents, herb, herbs, seedling, seedlings, basil, fern",
        "bonsai",
        "planta, plantas, cacto, cactos, suculenta, suculentas, erva, ervas, muda, mudas, samambaia, orquidea",
        "orquideas, manjericao, horta, plantinha, plantinhas, hortela",
    )
)
SIGNS: Final = frozenset(phrases("sign, plaque, plate, tag, placa, plaquinha, letreiro, placas, plaquinhas"))

# The clause that follows adds something to the object; in any other clause unknown things are only where it is used.
ADDING: Final = PhraseTable.of(
    (phrase, True)
    for phrase in phrases(
        "with, w, next to, beside, ao lado de, ao lado do, ao lado da, featuring, including, plus, having, has",
        "have, decorated with, covered with, covered in, shaped like, shaped as",
        "in the shape of, in the form of, that looks like, looks like, looking like, like, engraved with",
        "topped with, inspired by, on, on top of",
        "com, tendo, tem, que tem, decorado com, decorada com, coberto de, em forma de, na forma de",
        "em formato de, no formato de, com formato de",
        "com forma de, formato de, que parece, parecido com, parecida com, como, tipo, inspirado em",
        "inspirada em, em cima de, em cima da, em cima do",
        "sobre, gravado com, gravada com, no estilo de",
    )
)
OTHER_CLAUSES: Final = PhraseTable.of(
    (phrase, False)
    for phrase in phrases(
        "for, to, that, which, who, where, when, so, because, in, at, from, by, as, under, over, inside, near",
        "into, without, using, suitable, holding",
        "holds, used, of, made, made of, is, should, must, hung, hang, goes, between, please, thanks, thank",
        "in the, on the wall, on my desk",
        "on the desk, on a wall, on a desk, on a shelf, on the table, on the shelf, on my, to put on, on each",
        "on a side, printed on, on all",
        "para, pra, pro, p, que, onde, quando, pois, porque, em, no, na, nos, nas, de, do, da, dos, das, por",
        "pelo, pela, sem, sob, dentro, ate, feito",
        "feita, usando, entre, obrigado, obrigada, sobre a mesa, na parede, em cima da mesa",
    )
)
BESIDE: Final = PhraseTable.of(
    (phrase, True)
    for phrase in phrases(
        "beside, next to, alongside, adjacent to, to the left of, to the right of, ao lado de, ao lado do",
        "ao lado da, junto de, junto a",
    )
)
SIDE_BY_SIDE: Final = PhraseTable.of(
    (phrase, True)
    for phrase in phrases(
        "side by side, next to each other, beside each other, in a row, lado a lado, um ao lado do outro",
        "uma ao lado da outra, um do lado do outro, em fila, em linha",
    )
)
ON_TOP: Final = PhraseTable.of(
    (phrase, True)
    for phrase in phrases(
        "on top of, on, atop, over, above, standing on, sitting on, on top, upon, em cima de, em cima do",
        "em cima da, em cima, por cima, sobre, acima de, no topo de, no topo",
    )
)
UNDER: Final = PhraseTable.of(
    (phrase, True)
    for phrase in phrases(
        "under, underneath, below, beneath, topped with, topped by, embaixo de, sob, abaixo de, debaixo de"
    )
)
# Looks that change the surface or the outline: worth saying that they are not made.
UNSUPPORTED_LOOKS: Final = frozenset(
    phrases(
        "twisted, spiral, spiraled, fluted, ribbed, wavy, textured, faceted, voronoi, lattice, honeycomb, woven",
        "tapered_, curved, asymmetric",
        "torcido, torcida, espiral, espiralado, espiralada, canelado, canelada, ondulado, ondulada, texturizado",
        "texturizada, facetado, facetada",
        "trancado, trancada, vazado, vazada, articulado, articulada, articulated",
    )
)
