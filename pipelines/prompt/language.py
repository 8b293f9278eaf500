"""Which of the two languages a prompt is in, by the words it is made of."""

from collections.abc import Sequence
from typing import Final

from pipelines.prompt.folding import Folded
from pipelines.prompt.tokens import PhraseTable, Token, phrases
from pipelines.prompt.types import Language
from pipelines.prompt.vocabulary_families import ENGLISH, PORTUGUESE

# Short words that hold sentences together, and the vocabulary of this domain, are enough for prompts of a few words.
_ENGLISH_WORDS: Final = phrases(
    "the, an, and, of, with, for, in, on, to, is, are, that, this, my, your, i, it, at, by, from, want, need",
    "please, make, can, you, me",
    "tall, wide, high, deep, long, thick, height, width, depth, length, diameter, radius, thickness, wall, walls",
    "hole, holes, teeth, lid",
    "handle, legs, copies, pieces, dozen, pair, set, inch, inches, feet, foot, small, big, large, simple, toy",
    "red, blue, green, black",
    "white, yellow, gray, grey, pink, brown, purple, made, saying, name, text, outdoor, food, safe, dragon, cat",
    "car, holder, stand",
    "opener, lamp, key, old, year, without, half, quarter, two, three, four, five, six, seven, eight, nine, ten",
    "twelve, twenty, light, dark",
    "bore, module, gear, print, printed, drainage, flexible, kitchen, garden, dog, shaped, like, number, should",
    "must, top, bottom",
)
_PORTUGUESE_WORDS: Final = phrases(
    "o, um, uma, de, do, da, dos, das, com, para, pra, em, no, na, nos, nas, e, que, por, meu, minha, eu, quero",
    "preciso, faca, crie, os",
    "altura, largura, profundidade, comprimento, diametro, raio, espessura, parede, paredes, furo, furos, dentes",
    "dente, tampa, alca",
    "pernas, pes, unidades, copias, pecas, duzia, par, jogo, polegada, polegadas, centimetros, milimetros, metro",
    "metros, pequeno",
    "grande, simples, vermelho, vermelha, azul, verde, preto, preta, branco, branca, amarelo, amarela, cinza",
    "rosa, marrom, roxo, roxa",
    "feito, feita, escrito, escrita, nome, texto, jardim, comida, dragao, gato, cachorro, carro, suporte",
    "abridor, luminaria, chave",
    "sem, meia, meio, dois, duas, tres, quatro, cinco, seis, sete, oito, nove, dez, doze, vinte, claro, escuro",
    "modulo, imprimir, porta",
    "cozinha, alto, alta, largo, largura, forma, formato, resina, flexivel, gostaria, voce, lapis, caixa, mesa",
    "ao, mm_, cafe, interno",
    "externo, boca, fundo, borda, topo, passo, rosca, ano, anos, mais, muito, casa, lado, lados, canto, cantos",
    "brinquedo",
)


def _heads(table: PhraseTable[object]) -> set[str]:
    return {word for words in table.entries for word in words if len(word) > 2}


_ENGLISH_SET: Final = frozenset(_ENGLISH_WORDS) | _heads(ENGLISH)  # type: ignore[arg-type]
_PORTUGUESE_SET: Final = frozenset(_PORTUGUESE_WORDS) | _heads(PORTUGUESE)  # type: ignore[arg-type]
_ONLY_ENGLISH: Final = _ENGLISH_SET - _PORTUGUESE_SET
_ONLY_PORTUGUESE: Final = _PORTUGUESE_SET - _ENGLISH_SET
_PORTUGUESE_LETTERS: Final = frozenset("ãõçáéíóúâêôàÃÕÇÁÉÍÓÚÂÊÔÀ")


def detect_language(folded: Folded, tokens: Sequence[Token]) -> Language:
    """`"pt"` when more of the words are Portuguese, `"en"` otherwise."""
    words = [token.text for token in tokens if token.kind == "word"]
    english = sum(word in _ONLY_ENGLISH for word in words)
    portuguese = sum(word in _ONLY_PORTUGUESE for word in words)
    accents = sum(char in _PORTUGUESE_LETTERS for char in folded.text[:2000]) if folded.origin else 0
    return "pt" if portuguese + min(accents, 2) * 0.5 > english else "en"
