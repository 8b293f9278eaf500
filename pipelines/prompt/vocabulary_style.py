"""Words for materials, colours, uses and added features; English and Portuguese, folded."""

from typing import Final, Literal

from pipelines.prompt.tokens import PhraseTable, phrases
from pipelines.prompt.types import Use

MaterialName = Literal["pla", "petg", "abs", "asa", "tpu", "nylon", "resin"]
# "no_..." says that a part which the object has by default is not wanted.
FeatureName = Literal["hole", "lid", "handle", "drainage", "hollow", "on_top", "no_hole", "no_handle", "no_drainage"]

_MATERIALS: Final[dict[MaterialName, list[str]]] = {
    "pla": phrases("pla"),
    "petg": phrases("petg, pet g"),
    "abs": phrases("abs"),
    "asa": phrases("asa"),
    "tpu": phrases("tpu"),
    "nylon": phrases("nylon, nailon, polyamide, poliamida, pa12, pa 12, pa6"),
    "resin": phrases("resin, resina, sla resin, photopolymer"),
}
MATERIALS: Final = PhraseTable.of((word, name) for name, words in _MATERIALS.items() for word in words)

# Values are those of the CSS colour of the same name (W3C CSS Color Module Level 4, section 6.1) where there is one.
_COLORS: Final = {
    "#000000": phrases("black, preto, preta, pretos, pretas, negro"),
    "#ffffff": phrases("white, branco, branca, brancos, brancas"),
    "#808080": phrases("gray, grey, cinza, cinzas, cinzento, cinzenta"),
    "#ff0000": phrases("red, vermelho, vermelha, vermelhos, vermelhas"),
    "#008000": phrases("green, verde, verdes"),
    "#0000ff": phrases("blue, azul, azuis"),
    "#ffff00": phrases("yellow, amarelo, amarela, amarelos, amarelas"),
    "#ffa500": phrases("orange, laranja, alaranjado, alaranjada"),
    "#800080": phrases("purple, roxo, roxa, roxos, roxas, purpura"),
    "#ee82ee": phrases("violet, violeta"),
    "#ffc0cb": phrases("pink, rosa, cor de rosa, cor rosa"),
    "#a52a2a": phrases("brown, marrom, marrons, castanho, castanha"),
    "#f5f5dc": phrases("beige, bege"),
    "#fffff0": phrases("ivory, marfim"),
    "#ffd700": phrases("gold, golden, dourado, dourada, dourados, douradas, ouro"),
    "#c0c0c0": phrases("silver, prata, prateado, prateada"),
    "#cd7f32": phrases("bronze"),
    "#b87333": phrases("copper, cobre"),
    "#00ffff": phrases("cyan, ciano, aqua"),
    "#ff00ff": phrases("magenta, fuchsia, fucsia"),
    "#008080": phrases("teal"),
    "#40e0d0": phrases("turquoise, turquesa"),
    "#000080": phrases("navy, navy blue, azul marinho, marinho"),
    "#87ceeb": phrases("sky blue, skyblue, azul ceu, azul celeste"),
    "#4169e1": phrases("royal blue, azul royal"),
    "#00ff00": phrases("lime, lime green, verde limao, neon green, verde neon"),
    "#808000": phrases("olive, olive green, verde oliva"),
    "#228b22": phrases("forest green, verde floresta"),
    "#98ff98": phrases("mint, mint green, verde menta, menta"),
    "#800000": phrases("maroon, bordo, burgundy, cor de vinho, vinho tinto"),
    "#ff7f50": phrases("coral"),
    "#fa8072": phrases("salmon, salmao"),
    "#e6e6fa": phrases("lavender, lavanda"),
    "#c8a2c8": phrases("lilac, lilas"),
    "#4b0082": phrases("indigo, anil"),
    "#ff69b4": phrases("hot pink, rosa choque, pink neon"),
    "#d2b48c": phrases("tan"),
    "#fffdd0": phrases("cream, cor creme"),
    # Names without a CSS colour, as paint charts and Wikipedia's "List of colors" have them.
    "#e2725b": phrases("terracotta, terra cotta, terracota"),
    "#b5533c": phrases("brick red, vermelho tijolo, cor de tijolo, cor tijolo, cor de telha, cor telha"),
    "#e1ad01": phrases("mustard yellow, mustard, amarelo mostarda, mostarda, cor de mostarda"),
    "#b76e79": phrases("rose gold, ouro rosa, ouro rose, rose gold metallic"),
    "#b5a642": phrases("brass, latao"),
    "#faf9f6": phrases("off white, offwhite, branco gelo, cor gelo"),
    "#c3b091": phrases("khaki, caqui"),
    "#f4a460": phrases("sand, cor de areia, cor areia, sandy brown"),
    "#9caf88": phrases("sage green, sage, verde salvia"),
    "#50c878": phrases("emerald, emerald green, verde esmeralda, esmeralda"),
    "#0f52ba": phrases("sapphire, azul safira"),
    "#e34234": phrases("vermilion, scarlet, escarlate"),
    "#dc143c": phrases("crimson, carmesim, carmim"),
    "#cc5500": phrases("burnt orange, laranja queimado"),
    "#ffcba4": phrases("peach, pessego, cor de pessego"),
    "#ff007f": phrases("bright pink, pink choque"),
    "#708090": phrases("slate, slate gray, slate grey, cinza ardosia"),
    "#483c32": phrases("taupe"),
    "#967bb6": phrases("mauve, malva"),
    "#8e4585": phrases("plum, ameixa, cor de ameixa"),
    "#7b3f00": phrases("chocolate brown, marrom chocolate, cor de chocolate"),
    "#c68e17": phrases("caramel, caramelo, cor de caramelo"),
    "#0047ab": phrases("cobalt, cobalt blue, azul cobalto"),
    "#007fff": phrases("azure, electric blue, azul eletrico"),
    "#5f9ea0": phrases("petrol blue, azul petroleo, petroleo"),
    "#a1785c": phrases("wood, wood brown, wood color, wood colour, wood coloured, wood colored, wooden brown")
    + phrases("cor de madeira, cor madeira, marrom madeira, oak, carvalho, cor de carvalho"),
    "#5d432c": phrases("walnut, nogueira, cor de nogueira, dark wood, madeira escura"),
    "#d8b589": phrases("light wood, madeira clara, pine wood, maple"),
    "#c04000": phrases("mahogany, mogno"),
    "#36454f": phrases("charcoal, grafite, graphite"),
    # Dark and light: the CSS names, but for gray, whose CSS "darkgray" is lighter than its "gray".
    "#006400": phrases("dark green, verde escuro, verde escura, verdes escuros, darkgreen"),
    "#00008b": phrases("dark blue, azul escuro, azul escura, azuis escuros, darkblue"),
    "#8b0000": phrases("dark red, vermelho escuro, vermelha escura, darkred"),
    "#404040": phrases("dark gray, dark grey, cinza escuro, cinza escura, darkgray, darkgrey"),
    "#ff8c00": phrases("dark orange, laranja escuro"),
    "#4b0055": phrases("dark purple, roxo escuro"),
    "#5c4033": phrases("dark brown, marrom escuro"),
    "#e75480": phrases("dark pink, rosa escuro"),
    "#b8860b": phrases("dark yellow, amarelo escuro"),
    "#90ee90": phrases("light green, verde claro, verde clara, verdes claros, lightgreen, pale green, verde agua"),
    "#add8e6": phrases(
        "light blue, azul claro, azul clara, azuis claros, lightblue, baby blue, azul bebe", "pale blue"
    ),
    "#d3d3d3": phrases("light gray, light grey, cinza claro, cinza clara, lightgray, lightgrey"),
    "#ff7f7f": phrases("light red, vermelho claro"),
    "#ffb6c1": phrases("light pink, rosa claro, rosa clara, lightpink, baby pink, rosa bebe"),
    "#ffffe0": phrases("light yellow, amarelo claro, lightyellow, pale yellow"),
    "#b19cd9": phrases("light purple, roxo claro"),
    "#c4a484": phrases("light brown, marrom claro"),
    "#ffd580": phrases("light orange, laranja claro"),
}
_COLORED: Final = ("", " colored", " coloured", " color", " colour")
COLORS: Final = PhraseTable.of(
    (word + ending, value) for value, words in _COLORS.items() for word in words for ending in _COLORED
)

_USES: Final[dict[Use, list[str]]] = {
    "decorative": phrases(
        "decorative, decoration, decorations, decor, ornamental, ornament, for display, for decor, centerpiece",
        "decorativo, decorativa, decorativos, decorativas, decoracao, enfeite, enfeites, ornamento, para decorar",
        "para enfeitar",
    ),
    "mechanical": phrases(
        "mechanical, load bearing, functional part, for a machine, machine part, for a motor, for a drill",
        "for a robot",
        "for a gearbox, for my drill, for my machine, for a cnc, for an engine, for heavy loads, heavy duty",
        "for a bike, for my bike, for a 3d printer, for a mechanism, high strength, under load, high load",
        "power transmission, drivetrain, for a stepper motor, for an electric motor, furadeira, motor, mecanico",
        "mecanica, mecanicos, mecanicas, maquina, maquinas, carga pesada, alta resistencia, mecanismo, redutor",
        "automacao, robo, uso industrial, industrial use, peca tecnica, parafusadeira, esforco mecanico, gearbox",
        "drill",
    ),
    "food_contact": phrases(
        "food safe, foodsafe, food grade, food contact, contact with food, dishwasher safe, for food, food use",
        "holds food",
        "hold food, microwave safe, for eating, for drinking, to drink, to eat, proprio para alimentos",
        "para alimentos",
        "para alimento, para comida, contato com alimentos, contato com alimento, contato com comida, atoxico",
        "atoxica",
        "uso alimentar, grau alimenticio, seguro para alimentos, segura para alimentos, para comer, para beber",
        "lava loucas, lava louca, para servir comida, uso alimenticio, alimentos, alimenticio",
        "propria para alimentos",
    ),
    "outdoor": phrases(
        "outdoor, outdoors, outside, for the garden, in the garden, garden, weatherproof, weather resistant",
        "uv resistant",
        "for the balcony, for the patio, in the sun, in the rain, sunlight, rainproof, patio, backyard",
        "exposed to sun",
        "ao ar livre, area externa, areas externas, uso externo, ambiente externo, ambientes externos",
        "parte externa",
        "jardim, quintal, varanda, exposto ao sol, exposta ao sol, no sol, na chuva, ao sol, sol e chuva",
        "resistente ao sol",
        "do lado de fora, resistente a uv, intemperies, para fora de casa, resistente a chuva",
    ),
    "flexible": phrases(
        "flexible, bendable, bendy, rubbery, rubber like, elastic, squishy, soft touch, stretchy, rubber",
        "flexivel, flexiveis, elastico, elastica, emborrachado, emborrachada, borracha, maleavel, macio, macia",
    ),
}
USES: Final = PhraseTable.of((word, name) for name, words in _USES.items() for word in words)

# What is eaten or drunk makes a vessel one for food: "coffee mug", "tigela para sopa".
FOOD: Final = frozenset(
    phrases(
        "coffee, tea, soup, salad, cereal, fruit, fruits, water, beer, milk, juice, wine, food, snacks, snack",
        "candy",
        "ramen, rice, pasta, popcorn, chocolate, chocolates, cookies, bread, cheese, sushi, espresso, dinner",
        "dessert",
        "lunch, breakfast, pizza, oatmeal, yogurt, drinking, serving, honey, sugar, flour, spices, dip, nuts, cake",
        "cafe, cha, sopa, salada, frutas, fruta, agua, cerveja, leite, suco, vinho, comida, doces, bolo, biscoitos",
        "arroz, macarrao, pipoca, chocolates, pao, queijo, sobremesa, jantar, almoco, lanche, azeite, acucar",
        "refrigerante, chopp, chope, acai, mel, temperos, petiscos, granola, iogurte, caldo, feijao, churrasco",
    )
)
VESSELS: Final = frozenset(phrases("mug, cup, bowl, plate, bottle, tray, funnel, box"))

_FEATURES: Final[dict[FeatureName, list[str]]] = {
    "hole": phrases(
        "hole, holes, through hole, furo, furos, buraco, buracos, perforated, perforation, furado, furada",
        "orificio",
        "mounting hole, mounting holes, screw hole, screw holes, furo central, hanging hole, keyring hole",
        "orificios",
    ),
    "lid": phrases("lid, lids, cover, lidded, tampa, tampas, tampinha, cap"),
    "handle": phrases("handle, handles, alca, alcas"),
    "drainage": phrases(
        "drainage, drain hole, drain holes, drainage hole, drainage holes, draining holes, drain, drenagem",
        "furo de drenagem, furos de drenagem, furo para drenagem, furos para drenagem, dreno, draining hole",
        "furo para escoar agua, furos para escoamento, escoamento",
    ),
    "hollow": phrases("hollow, hollowed, oco, oca, ocos, ocas, vazado por dentro"),
}
FEATURES: Final = PhraseTable.of((word, name) for name, words in _FEATURES.items() for word in words)
# Parts that the object has unless they are ruled out; only of these is the lack worth a word.
BY_DEFAULT: Final[dict[tuple[str, FeatureName], FeatureName]] = {
    ("mug", "handle"): "no_handle",
    ("plant_pot", "drainage"): "no_drainage",
    ("plant_pot", "hole"): "no_drainage",
    ("keychain", "hole"): "no_hole",
}
NEGATIONS: Final = frozenset(phrases("no, not, without, never, except, sem, nao, exceto, nem, non"))

ROUND: Final = frozenset(
    phrases("round, circular, cylindrical, redondo, redonda, redondos, redondas, cilindrico, cilindrica")
)
# Shapes that are a number of sides.
SIDES: Final = PhraseTable.of(
    [
        (word, sides)
        for sides, words in {
            3: phrases("triangular"),
            4: phrases("square, quadrado, quadrada, quadrados, quadradas"),
            5: phrases("pentagonal"),
            6: phrases("hexagonal, hex, sextavado, sextavada, hexagonais"),
            8: phrases("octagonal, octogonal, octagon"),
        }.items()
        for word in words
    ]
)
