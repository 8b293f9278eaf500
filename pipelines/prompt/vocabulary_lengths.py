"""Words that name a length (axes), what it belongs to (parts), and things that are counted; English and Portuguese.

All phrases are folded: lower case, no accents. Common misspellings are listed where they are common.
"""

from typing import Final, Literal, NamedTuple

from pipelines.prompt.tokens import PhraseTable, phrases
from pipelines.prompt.types import CountName

AxisName = Literal[
    "height",
    "width",
    "depth",
    "length",
    "diameter",
    "radius",
    "inner_diameter",
    "inner_radius",
    "top_diameter",
    "bottom_diameter",
    "hole_diameter",
    "thickness",
    "wall",
    "base_thickness",
    "corner_radius",
    "text_height",
    "pitch",
    "module",
    "leg_thickness",
    "seat_height",
    "lip",
    "spacing",
    "size",
    "print_setting",
]
PartName = Literal["hole", "wall", "base", "top", "leg", "seat", "text", "corner", "lip", "side", "other"]


class Axis(NamedTuple):
    """`is_adjective`: "tall" follows its number, "height" may also go before it."""

    name: AxisName
    is_adjective: bool


_NOUNS: Final[dict[AxisName, list[str]]] = {
    "height": phrases("height, alt, heigth, hight, heights, h, altura, alturas, altrua, tall height"),
    "width": phrases("width, larg, widht, widths, w, largura, larguras, lagura"),
    "depth": phrases("depth, prof, dept, profundidade, fundura"),
    "length": phrases("length, l, lenght, lengh, comprimento, comprimeto, shank length, shaft length", "blade length"),
    "diameter": phrases(
        "diameter, d, diameters, diamater, diametre, diameteer, dia, diam, diametro, diametros, ⌀, od",
        "outer diameter",
        "outside diameter, external diameter, exterior diameter, diameter outside, overall diameter, outer dia",
        "diametro externo, diametro exterior, diametro de fora, diametro total, tip diameter",
    ),
    "radius": phrases("radius, r, raio, outer radius, outside radius, raio externo"),
    "inner_diameter": phrases(
        "inner diameter, inside diameter, internal diameter, interior diameter, inner dia, id, inner width",
        "diametro interno, diametro interior, diametro de dentro, diametro por dentro",
    ),
    "inner_radius": phrases("inner radius, inside radius, internal radius, raio interno, raio interior"),
    "top_diameter": phrases(
        "top diameter, upper diameter, mouth diameter, opening diameter, rim diameter, diameter at the top",
        "diameter of the top, diameter of the mouth, diametro da boca, diametro do topo, diametro superior",
        "diametro na boca, diametro no topo, diametro da abertura, diametro de boca, larger diameter",
        "large diameter",
        "diametro maior, top width, mouth width",
    ),
    "bottom_diameter": phrases(
        "bottom diameter, base diameter, lower diameter, diameter at the bottom, diameter at the base",
        "diameter of the base, diameter of the bottom, foot diameter, diametro da base, diametro do fundo",
        "diametro na base, diametro inferior, diametro de base, smaller diameter, small diameter, spout diameter",
        "diametro menor, diametro da saida, diametro do bico, stem diameter, outlet diameter, base width",
        "largura da base",
    ),
    "hole_diameter": phrases(
        "hole diameter, hole size, hole width, bore diameter, bore size, bore, shaft diameter",
        "diameter of the hole",
        "diametro do furo, diametro dos furos, diametro do buraco, tamanho do furo, diametro do eixo",
        "screw hole diameter, mounting hole diameter, diameter of the bore",
    ),
    "thickness": phrases("thickness, thicknes, tickness, thick ness, espessura, esp, expessura, espesura, grossura"),
    "wall": phrases(
        "wall thickness, thickness of the walls, thickness of the wall, walls thickness, espessura da parede",
        "espessura das paredes, espessura de parede, espessura nas paredes, wall width",
    ),
    "base_thickness": phrases(
        "base thickness, bottom thickness, floor thickness, thickness of the base, thickness of the bottom",
        "espessura da base, espessura do fundo, espessura de base, espessura de fundo",
    ),
    "corner_radius": phrases(
        "corner radius, corners radius, fillet radius, edge radius, rounding radius, radius of the corners, fillet",
        "fillets, raio dos cantos, raio do canto, raio de canto, raio das bordas, raio de arredondamento",
    ),
    "text_height": phrases(
        "text height, letter height, letters height, font size, font height, text size, letter size",
        "altura do texto, altura das letras, altura da letra, tamanho da letra, tamanho das letras",
        "tamanho do texto, tamanho da fonte",
    ),
    "pitch": phrases("pitch, thread pitch, passo, passo da rosca, passo de rosca"),
    "module": phrases("module, m, mod, modulo, modul"),
    "leg_thickness": phrases(
        "leg thickness, legs thickness, thickness of the legs, leg width, espessura das pernas, espessura dos pes",
        "espessura da perna, grossura das pernas",
    ),
    "seat_height": phrases("seat height, height of the seat, altura do assento, altura do banco"),
    "lip": phrases("lip height, rim height, lip thickness, edge height, altura da borda, altura da aba, lip"),
    "spacing": phrases(
        "spacing, gap, apart, spaced, espacamento, distancia entre, distance between, espacados, espacado"
    ),
    "size": phrases(
        "size, tamanho, edge length, side length, edge, edges, side, sides, aresta, arestas, lado, lados, scale to",
        "on a side, on each side, per side, de lado, de aresta",
    ),
    "print_setting": phrases(
        "layer height, layer, layers, layer thickness, nozzle, nozzle diameter, nozzle size, tolerance, clearance",
        "line width, filament, filament diameter, altura de camada, altura da camada, camada, camadas, bico de",
        "diametro do bico de impressao, tolerancia, folga, resolution, resolucao, bed, build volume, build plate",
    ),
}
_ADJECTIVES: Final[dict[AxisName, list[str]]] = {
    "height": phrases("tall, high, hi, alto, alta, altos, altas, in height, upright"),
    "width": phrases("wide, broad, largo, larga, largos, largas, across"),
    "depth": phrases("deep, fundo, funda, profundo, profunda"),
    "length": phrases("long, comprido, comprida, compridos, compridas"),
    "thickness": phrases("thick, grosso, grossa, grossos, grossas, espesso, espessa"),
    "diameter": phrases("outer, externo, externos"),
    "inner_diameter": phrases("inner, interno, internos"),
}

AXES: Final = PhraseTable.of(
    [(phrase, Axis(name, False)) for name, words in _NOUNS.items() for phrase in words]
    + [(phrase, Axis(name, True)) for name, words in _ADJECTIVES.items() for phrase in words]
)

_PARTS: Final[dict[PartName, list[str]]] = {
    "hole": phrases(
        "hole, holes, furo, furos, buraco, buracos, bore, bores, perforation, perforations, orificio",
        "orificios, furo do eixo, furo de eixo, furo para eixo, furo para o eixo, furo no centro, furo no meio",
        "shaft hole, axle hole, hole through the middle, hole through the center, hole through the centre",
        "hole through it",
        "hole for the shaft, hole in the middle, hole in the center, hole in the centre, mounting holes",
        "screw holes, screw hole, drain hole, drainage hole, drainage holes, drain holes",
        "furo de drenagem, furos de drenagem, center hole, through hole, furo passante, furo central, keyring hole",
    ),
    "wall": phrases("wall, walls, parede, paredes"),
    "base": phrases("base, bottom, outlet, spout, tip, stem, saida, bico, foot, fundo"),
    "top": phrases("top, mouth, rim, opening, boca, topo, abertura, entrada"),
    "leg": phrases("leg, legs, perna, pernas, pes"),
    "seat": phrases("seat, assento"),
    "text": phrases("text, letters, letter, lettering, font, texto, letras, letra, fonte"),
    "corner": phrases(
        "corner, corners, rounded corners, rounded corner, round corners, rounded edges, rounding, fillets, fillet",
        "canto, cantos, cantos arredondados, bordas arredondadas, quinas arredondadas",
    ),
    "lip": phrases("lip, borda, aba, raised edge, raised rim, raised lip"),
    "side": phrases("side, sides, edge, edges, lado, lados, aresta, arestas"),
    "other": phrases(
        "lid, tampa, handle, handles, alca, alcas, asa, roof, telhado, door, doors, porta, portas, window, windows",
        "janela, janelas, chimney, chamine, backrest, back, encosto, arm, arms, drawer, drawers, gaveta, gavetas",
        "neck, gargalo, cap, head, cabeca, slot, slots, screws, screw, parafusos, rod, shaft, eixo, pole, pipe",
        "tube",
        "cano, tubo, haste, rail, trilho, strap, cable, cabo, cord, wire, fio, phone, celular, tablet, pens, shelf",
        "desk, led, magnet, magnets, ima, imas, candle, vela, bearing, rolamento",
    ),
}
PARTS: Final = PhraseTable.of((phrase, name) for name, words in _PARTS.items() for phrase in words)

_COUNTED: Final[dict[CountName, list[str]]] = {
    "teeth": phrases("teeth, tooth, toothed, dente, dentes, t, cogs"),
    "holes": _PARTS["hole"],
    "sides": phrases("sides, sided, side, lados, lado, faces, faced, facets, face"),
    "compartments": phrases(
        "compartments, compartment, compartimento, compartimentos, section, sections, slots, divisoes, divisorias",
        "divider sections, cells, divisions, nichos, espacos, cavidades",
    ),
    "legs": phrases("leg, legs, legged, perna, pernas, pe, pes, feet, foot, footed"),
    "floors": phrases(
        "floors, floor, story, stories, storey, storeys, storied, andar, andares, piso, pisos, pavimento",
        "pavimentos",
        "level, levels",
    ),
    "hooks": phrases("hook, hooks, gancho, ganchos, peg, pegs, prong, prongs"),
    "starts": phrases("start, starts, entradas, entrada"),
}
COUNTED: Final = PhraseTable.of((phrase, name) for name, words in _COUNTED.items() for phrase in words)

# After "5 in" these show that "in" is the inch.
INCH_FOLLOWERS: Final = frozenset(
    {match[0] for match in AXES.entries}
    | {match[0] for match in PARTS.entries}
    | set(phrases("x, by, and, in, with, for, or, to, cube, vase, box, hole, on, that, high"))
)
