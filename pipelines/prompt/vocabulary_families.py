"""Names of the objects that can be made exactly, and the names that only sound like them; English and Portuguese.

A head noun outside these tables is an unknown object: no family is better than a wrong one.
"""

from typing import Final, NamedTuple

from pipelines.prompt.tokens import PhraseTable, phrases


class Family(NamedTuple):
    """One name of an object. `family` is `""` for a name that looks like a family and is something else."""

    family: str
    is_plural: bool


# In English the head is the last word, in Portuguese the first; plurals are made by `_plurals`.
_ENGLISH: Final = {
    "vase": phrases("vase, flower vase, bud vase, flower vaze"),
    "bowl": phrases("bowl, soup bowl, salad bowl, fruit bowl, cereal bowl, dog bowl, cat bowl"),
    "mug": phrases("mug, coffee mug, tea mug, beer mug, beer stein"),
    "cup": phrases("cup, tea cup, teacup, coffee cup, drinking cup, espresso cup, tumbler, drinking glass"),
    "box": phrases(
        "box, jewelry box, jewellery box, tool box, toolbox, storage box, gift box, trinket box, lunch box",
        "lunchbox",
        "project box, electronics enclosure",
    ),
    "tray": phrases("tray, serving tray, drip tray, catchall tray"),
    "plate": phrases("plate, dinner plate, dessert plate, side plate, salad plate, serving plate, saucer"),
    "coaster": phrases("coaster, drink coaster, beer coaster, cup coaster, mug coaster, glass coaster"),
    "pen_holder": phrases(
        "pen holder, pencil holder, pen cup, pencil cup, pen pot, pencil pot, pen stand, pencil stand",
        "pen organizer",
        "pencil organizer, penholder, pencil caddy, pen caddy, pen and pencil holder, brush holder",
    ),
    "phone_stand": phrases(
        "phone stand, phone holder, cell phone stand, cell phone holder, cellphone stand, cellphone holder",
        "smartphone stand, smartphone holder, mobile stand, mobile holder, mobile phone stand, mobile phone holder",
        "iphone stand, iphone holder, phone dock, phone cradle, phone support, phone rest",
    ),
    "hook": phrases("hook, wall hook, coat hook, key hook, towel hook, hanging hook, s hook"),
    "bracket": phrases(
        "bracket, shelf bracket, angle bracket, l bracket, corner bracket, mounting bracket", "corner brace"
    ),
    "washer": phrases("washer, flat washer, plain washer, spacer washer"),
    "spacer": phrases("spacer, standoff, stand off, round spacer"),
    "knob": phrases(
        "knob, drawer knob, cabinet knob, door knob, doorknob, volume knob, control knob", "furniture knob"
    ),
    "nut": phrases("nut, hex nut, hexagonal nut, hexnut"),
    "bolt": phrases(
        "bolt, hex bolt, hex head bolt, hexagonal bolt, machine bolt, machine screw, hex screw", "hex head screw, screw"
    ),
    "gear": phrases(
        "gear, spur gear, cog, cogwheel, gear wheel, gearwheel, cog wheel, spur wheel, toothed wheel",
        "pinion, pinion gear",
    ),
    "ring": phrases("ring, finger ring, wedding ring, engagement ring, band ring, napkin ring, thumb ring"),
    "keychain": phrases("keychain, key chain, keyring, key ring, key fob, keyfob, keytag, key tag, name keychain"),
    "name_sign": phrases(
        "name sign, name plate, nameplate, name tag, desk sign, door sign, desk nameplate", "name plaque, text sign"
    ),
    "die": phrases(
        "die, dice, d6, gaming die, game die, gaming dice, game dice, playing die, playing dice",
        "cube die, d6 die, d6 dice, six sided die",
        "six sided dice",
    ),
    "funnel": phrases("funnel, kitchen funnel, oil funnel"),
    "bottle": phrases("bottle, water bottle, wine bottle, perfume bottle, sports bottle, drink bottle"),
    "plant_pot": phrases(
        "plant pot, flower pot, flowerpot, plantpot, planter, planter pot, succulent pot, cactus pot, garden pot",
        "herb pot, succulent planter, cactus planter, potted plant holder, plant planter, pot planter",
    ),
    "table": phrases("table, coffee table, dining table, side table, end table, desk table, kitchen table"),
    "chair": phrases("chair, dining chair, kitchen chair, desk chair"),
    "house": phrases("house, toy house, tiny house"),
    "cone": phrases("cone"),
    "sphere": phrases("sphere, ball"),
    "cylinder": phrases("cylinder"),
    "cube": phrases("cube, calibration cube"),
    "torus": phrases("torus, donut, doughnut, toroid"),
}

_PORTUGUESE: Final = {
    "vase": phrases("vaso, jarro de flores, jarra de flores, vaso de flores, vaso de flor, floreira de mesa"),
    "bowl": phrases("tigela, cumbuca, saladeira, fruteira, vasilha"),
    "mug": phrases("caneca, caneco"),
    "cup": phrases("xicara, copo, copinho, chavena"),
    "box": phrases("caixa, caixinha, caixote, porta joias"),
    "tray": phrases("bandeja, travessa"),
    "plate": phrases("prato, pratinho, pires, prato fundo, prato raso"),
    "coaster": phrases(
        "porta copo, porta copos, descanso de copo, descanso para copo, descanso de copos", "bolacha de chope"
    ),
    "pen_holder": phrases(
        "porta lapis, porta caneta, porta canetas, porta lapis e canetas, porta pinceis, organizador de canetas",
        "organizador de lapis, copo para canetas, copo para lapis, copo de canetas, copo de lapis",
        "copo porta lapis",
        "suporte para canetas, suporte de canetas, suporte para lapis, suporte de lapis",
    ),
    "phone_stand": phrases(
        "suporte de celular, suporte para celular, suporte pra celular, suporte p celular, apoio de celular",
        "apoio para celular, apoio pra celular, porta celular, suporte de telefone, suporte para telefone",
        "suporte de smartphone, suporte para smartphone, suporte celular, descanso de celular, base para celular",
        "suporte de mesa para celular, suporte para o celular, suporte para iphone, suporte de iphone",
    ),
    "hook": phrases("gancho, ganchinho, cabide de parede"),
    "bracket": phrases(
        "mao francesa, cantoneira, suporte em l, suporte de prateleira, suporte para prateleira", "esquadro de fixacao"
    ),
    "washer": phrases("arruela, anilha"),
    "spacer": phrases("espacador, distanciador, separador cilindrico"),
    "knob": phrases("puxador, macaneta, botao de gaveta, botao de volume, manipulo"),
    "nut": phrases("porca"),
    "bolt": phrases("parafuso"),
    "gear": phrases("engrenagem, roda dentada, pinhao, catraca dentada"),
    "ring": phrases("anel, alianca, argola, anelzinho"),
    "keychain": phrases("chaveiro, chaveirinho, porta chave, porta chaves pessoal"),
    "name_sign": phrases(
        "placa com nome, placa com o nome, placa de nome, placa de identificacao, placa de mesa, placa de porta",
        "plaquinha com nome, plaquinha com o nome, placa com texto, plaquinha de porta, placa com meu nome",
        "placa com o meu nome, plaquinha de mesa, placa para porta, placa com a palavra, placa com as palavras",
        "placa com a frase, placa com o texto, placa personalizada com nome, placa com os nomes",
    ),
    "die": phrases("dado, dadinho, d6"),
    "funnel": phrases("funil, funilzinho"),
    "bottle": phrases("garrafa, garrafinha, frasco"),
    "plant_pot": phrases(
        "vaso de planta, vaso de plantas, vaso para planta, vaso para plantas, vaso pra planta, vaso pra plantas",
        "vaso de suculenta, vaso de suculentas, vaso para suculenta, vaso para suculentas, vaso pra suculenta",
        "vaso de cacto, vaso de cactos, vaso para cacto, vaso para cactos, vaso pra cacto, vaso de jardim, cachepo",
        "vaso para ervas, vaso de ervas, vaso para horta, vaso para mudas, vaso para muda, jardineira, floreira",
        "vasinho de planta, vasinho de suculenta, vasinho para suculenta, vasinho para plantas, vaso autoirrigavel",
        "vaso para orquidea, vaso de orquidea, vaso para orquideas, vaso para samambaia, vaso com furo de drenagem",
        "vaso com drenagem",
    ),
    "table": phrases("mesa, mesinha, mesa de centro, mesa de jantar, mesa de cozinha, mesa lateral, mesa de cafe"),
    "chair": phrases("cadeira, cadeirinha, cadeira de cozinha, cadeira de jantar"),
    "house": phrases("casa, casinha"),
    "cone": phrases("cone"),
    "sphere": phrases("esfera, bola, bolinha"),
    "cylinder": phrases("cilindro"),
    "cube": phrases("cubo"),
    "torus": phrases("toro, rosquinha, toroide, rosca de donut"),
}

# Compounds whose head is a family word and whose thing is not: "bolt" strikes, lands or opens.
_NOT_ENGLISH: Final = phrases(
    "lightning bolt, thunder bolt, u bolt, eye bolt, j bolt, door bolt, crossbow bolt, dead bolt, sex bolt",
    "anchor bolt",
    "carriage bolt, toggle bolt, wing nut, lug nut, wheel nut, t nut, cap nut, acorn nut, castle nut, lock nut",
    "nylock nut",
    "pine nut, brazil nut, beech nut, dough nut, cage nut, square nut, barrel nut, rivet nut, insert nut",
    "butterfly nut",
    "landing gear, worm gear, bevel gear, helical gear, planetary gear, herringbone gear, ring gear, rack gear",
    "sun gear",
    "internal gear, head gear, fishing gear, riot gear, camping gear, crown gear, planet gear, differential gear",
    "gear box, planetary gear set, boxing ring, o ring, onion ring, piston ring, key ring holder, circus ring",
    "snap ring, retaining ring, nose ring, ear ring, wrestling ring, fairy ring, teething ring, slip ring",
    "growth ring",
    "world cup, trophy cup, suction cup, measuring cup, egg cup, bra cup, cup cake, hockey cup, champions cup",
    "sippy cup",
    "stanley cup, menstrual cup, paper cup, music box, letter box, mail box, juke box, gear box, sand box",
    "drop box",
    "match box, ballot box, tinder box, chatter box, voice box, fuse box, junction box, phone box",
    "police box",
    "telephone box, bird box, nest box, nesting box, x box, puzzle box, loot box, jack in the box, boom box",
    "pizza box",
    "tissue box, puppet box, gift box bow, window box, litter box, speaker box, question box, mystery box",
    "bento box",
    "license plate, licence plate, number plate, base plate, mounting plate, face plate, switch plate, wall plate",
    "hot plate, breast plate, book plate, build plate, tectonic plate, home plate, armor plate, steel plate",
    "kick plate",
    "back plate, outlet plate, adapter plate, motor plate, pressure plate, tool plate, vesa plate, drum plate",
    "cover plate, strike plate, light switch plate, paper plate, fish hook, crochet hook, captain hook",
    "grappling hook",
    "crane hook, pirate hook, boat hook, hook and loop, shower hook ring, tow hook, meat hook, crochet hooks",
    "periodic table, pool table, tennis table, ping pong table, billiard table, operating table",
    "multiplication table",
    "round table knights, water table, drafting table, turn table, time table, saw table, foosball table",
    "football table",
    "air hockey table, rotary table, massage table, hash table, truth table, poker table, picnic table",
    "changing table",
    "wheel chair, high chair, electric chair, rocking chair, gaming chair, office chair, arm chair, lawn chair",
    "bean chair",
    "folding chair, massage chair, swivel chair, deck chair, beach chair, iron throne chair, egg chair",
    "dentist chair",
    "barber chair, push chair, ski chair, rolling chair, lounge chair",
    "light house, lighthouse, bird house, dog house, tree house, doll house, opera house, full house, ware house",
    "power house, out house, haunted house, gingerbread house, bat house, bee house, insect house",
    "coffee house",
    "fairy house, ginger bread house, birdhouse, publishing house, club house, bounce house, round house",
    "glass house",
    "traffic cone, pine cone, nose cone, ice cream cone, road cone, waffle cone, snow cone, speaker cone",
    "loudspeaker cone",
    "soccer ball, foot ball, basket ball, golf ball, tennis ball, bowling ball, disco ball, cannon ball",
    "crystal ball, eye ball",
    "poke ball, pokemon ball, dragon ball, fire ball, snow ball, baseball ball, rugby ball, volley ball",
    "base ball, pin ball",
    "beach ball, christmas ball, tree ball, wrecking ball, magic ball, american football ball, spiky ball",
    "meat ball, stress ball",
    "gas cylinder, hydraulic cylinder, pneumatic cylinder, engine cylinder, oxygen cylinder, lock cylinder",
    "brake cylinder",
    "rubik cube, rubiks cube, rubik s cube, ice cube, magic cube, companion cube, speed cube, infinity cube",
    "puzzle cube",
    "fidget cube, bouillon cube, sugar cube, borg cube, led cube, bedlam cube, gelatinous cube, minecraft cube",
    "soma cube",
    "weighted companion cube, hyper cube, soup cube, voxel cube, dyson sphere, armillary sphere, celestial sphere",
    "pressure washer, window washer, dish washer, car washer, lock washer, spring washer, wave washer",
    "split washer",
    "star washer, tooth washer, belleville washer, conical washer, spherical washer, washing machine washer",
    "bottle washer",
    "super bowl, toilet bowl, fish bowl, dust bowl, rose bowl, singing bowl, hot water bottle, spray bottle",
    "baby bottle",
    "squeeze bottle, klein bottle, thermos bottle, coke bottle, coca cola bottle, pill bottle, molotov bottle",
    "ash tray, ice tray, ice cube tray, seed tray, tool tray drawer, litter tray, muffin tray, disk tray",
    "cd tray, paint tray",
    "dice tray, cable tray, printer tray, egg tray, roller coaster, thread cutting die, extrusion die",
    "threading die, wire die",
    "stamping die, cutting die, d3, d3 die, d4, d4 die, d4 dice, d8, d8 die, d8 dice, d10, d10 die, d10 dice",
    "d12, d12 die, d12 dice, d20, d20 die, d20 dice, d100, d100 die, d100 dice, die d4, die d8, die d10, die d12",
    "die d20, dice d20, poker dice, tournament bracket, battery bracket",
    "ring bracket",
    "curly bracket, motor bracket, camera bracket, tv bracket, servo bracket, sensor bracket, bike bracket",
    "fan bracket",
    "peep hole, tea pot, coffee pot, cooking pot, stop sign, road sign, traffic sign, neon sign, peace sign",
    "street sign",
    "plus sign, dollar sign, exit sign, no smoking sign, warning sign, zodiac sign, bath bomb ball, wood screw",
    "wing screw",
    "thumb screw, cork screw, archimedes screw, lead screw, ball screw, self tapping screw, screw cap, set screw",
    "grub screw",
    "drill bit, socket screw, drywall screw, air screw, pigeon ring, door knob cover, bed knob, chain ring",
    "key chain holder",
    "ring donut cake, plant tag, name tag holder, table top, desk top, shooting cone, shower cone, cable spacer",
    "tile spacer",
    "wheel spacer, wall spacer, lens spacer, gear knob, shift knob, shifter knob, gear shift knob, gear stick knob",
    "volcano cone, party cone, fir cone, hop cone, air funnel, sales funnel, marketing funnel, spider funnel",
    "test tube",
    "measuring jug, moon ball, earth ball, death star ball, swiss ball, dog ball, ball joint, ball bearing",
    "planet ball",
)
_NOT_PORTUGUESE: Final = phrases(
    "vaso sanitario, vaso sanguineo, vaso de guerra, vaso de pressao, vaso capilar, caixa de som, caixa d agua",
    "caixa de agua, caixa de cambio, caixa de marcha, caixa de marchas, caixa eletronico, caixa postal",
    "caixa preta",
    "caixa registradora, caixa toracica, caixa de correio, caixa de correios, caixa de transmissao",
    "caixa de musica",
    "caixa musical, caixinha de musica, caixinha de som, caixa de engrenagens, caixa de reducao",
    "caixa de velocidades, caixa de descarga",
    "caixa acustica",
    "caixa de areia, caixa de ovos, caixa de dialogo, caixa de texto, caixa de pizza, caixa de passagem",
    "caixa de luz",
    "caixa de fusiveis, caixa de disjuntores, caixa misteriosa, caixa quebra cabeca, caixa de entrada",
    "mesa de som, mesa de bilhar, mesa de sinuca, mesa de pebolim, mesa de ping pong, mesa digitalizadora",
    "mesa de luz",
    "mesa de cirurgia, mesa redonda, mesa vibratoria, mesa xy, mesa de passar, mesa de toto",
    "mesa de poker, mesa de massagem, mesa giratoria, mesa de piquenique, mesa de aquecida, mesa aquecida",
    "copo de medida, copo medidor, copo dosador, copo do mundo, copo de leite flor, copo termico, copo stanley",
    "copo do liquidificador, copo de liquidificador, copo de papel, casa de passarinho, casinha de passarinho",
    "casa de boneca, casa de bonecas, casinha de boneca, casinha de bonecas, casa de cachorro, casinha de cachorro",
    "casinha de gato, casa na arvore, casa da arvore, casa do botao, casa de botao, casa de abelha, casa loterica",
    "casa de show, casa branca presidente, casa de papel, casa mal assombrada, casa de hobbit, casa de maquinas",
    "anel de vedacao, anel de saturno, anel de pistao, anel viario, anel elastico, anel de trava, anel trava",
    "anel de cebola, anel do lanterna verde, anel rodoviario, anel oring, anel o ring, argola de basquete",
    "argola de chaveiro, argola de cortina, prato de bateria, prato giratorio, prato de papel, prato de microondas",
    "prato de embreagem, prato de pressao, prato de vaso, garrafa termica, garrafa klein, garrafa de cafe",
    "garrafa de klein, garrafa de coca cola, garrafa pet, cadeira de rodas, cadeira de balanco, cadeira eletrica",
    "cadeira gamer, cadeira de escritorio, cadeira de praia, cadeira giratoria, cadeira de bebe",
    "cadeira de dentista",
    "cadeira de barbeiro, cadeira dobravel, cadeira alta, cadeira de bar, cadeira de alimentacao, cadeira suspensa",
    "porca borboleta, porca espinho, porca trava, porca travante, porca parlock, porca castelo, porca gaiola",
    "porca quadrada, porca cega, porca calota, parafuso sem fim, parafuso de arquimedes, parafuso de rosca soberba",
    "parafuso auto brocante, parafuso auto atarraxante, parafuso olhal, parafuso borboleta, parafuso para madeira",
    "parafuso de madeira, parafuso de fenda, parafuso philips, parafuso phillips, parafuso allen, parafuso frances",
    "parafuso u, dado estatistico, dados pessoais, dado de d20, dados bancarios, dados cadastrais",
    "dados de clientes",
    "banco de dados, dados moveis, dados d20, dado d20, cubo magico, cubo de gelo, cubo de rubik, cubo de roda",
    "cubo da roda, cubo traseiro, cubo dianteiro, cubo de acucar, cubo infinito, cubo de caldo, cubo companheiro",
    "cubo de led, cubo do minecraft, cilindro hidraulico, cilindro de gas, cilindro de freio, cilindro pneumatico",
    "cilindro de oxigenio, cilindro mestre, cilindro de macarrao, cilindro de massa, cilindro de fechadura",
    "cone de transito, cone de sorvete, cone de sinalizacao, cone de luz, cone de pinha, cone de vulcao",
    "cone de linha",
    "bandeja de gelo, bandeja de ovos, bandeja de impressora, bandeja de pintura, bandeja de suspensao",
    "bandeja de ovo, bandeja de dados, bola de futebol, bola de basquete, bola de golfe, bola de tenis",
    "bola de boliche",
    "bola de natal, bola de cristal, bola de neve, bola de fogo, bola de canhao, bola quadrada, bola de sorvete",
    "bola de pelo, bola de rugby, bola de volei, bola de praia, bola de sinuca, bola de bilhar, bola do dragao",
    "bola de discoteca, bola de espelhos, bola de sabao, bola de queijo, bolinha de tenis",
    "bolinha de gude especial",
    "bolinha de pingue pongue, bolinha de queijo, funil de vendas, funil buchner, gancho de croche",
    "gancho de pirata",
    "gancho de guindaste, gancho de reboque, gancho de pesca, gancho de boxe, gancho de cabelo, gancho de telefone",
    "engrenagem conica, engrenagem helicoidal, engrenagem planetaria, engrenagem sem fim, engrenagem interna",
    "engrenagem espinha de peixe, engrenagem cremalheira, engrenagem bizelada, arruela de pressao, arruela dentada",
    "arruela elastica, arruela conica, arruela trava, arruela belleville, espacador de roda, espacador de piso",
    "espacador de azulejo, puxador de oxigenio, botao de pressao, chaveiro profissional, chaveiro 24 horas",
    "rosca sem fim",
    "rosca de parafuso, toro de madeira, toro mecanico, frasco de spray, travessa de cabelo, jardineira jeans",
    "jardineira roupa, macaneta de porta de carro, tigela tibetana, porta chaves de parede, catraca de bicicleta",
    "pinhao de bicicleta, pinhao de araucaria, alianca politica, puxador de cortina",
)

# Families whose word has a second life in many compounds: an unknown modifier may change the thing itself, so it takes
# the family away. Elsewhere ("dragon mug") the object stays and the modifier is reported as not taken into account.
STRICT: Final = frozenset(
    phrases(
        "ring, bolt, nut, gear, cone, cube, cylinder, sphere, torus, die, house, table, chair, plate, cup, hook",
        "washer",
    )
)
SOLIDS: Final = frozenset(phrases("cone, sphere, cylinder, cube, torus"))
_IRREGULAR: Final = {
    "anel": "aneis",
    "funil": "funis",
    "espacador": "espacadores",
    "distanciador": "distanciadores",
    "puxador": "puxadores",
    "botao": "botoes",
    "pinhao": "pinhoes",
    "mao": "maos",
    "organizador": "organizadores",
    "separador": "separadores",
    "die": "dice",
    "dice": "",
    "d6": "",
    "porta": "",
    "pires": "",
    "lapis": "lapis",
    "shelf": "shelves",
    "glass": "glasses",
}


def _plural(word: str) -> str:
    """The plural of a name's head, `""` where it does not differ."""
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    if word.endswith("gem"):
        return word[:-1] + "ns"
    return word + ("es" if word.endswith(("s", "x", "ch", "sh")) else "s")


def _english(family: str, names: list[str]) -> list[tuple[str, Family]]:
    entries = [(name, Family(family, name.endswith("dice"))) for name in names]
    for name in names:
        *modifiers, head = name.split()
        if _plural(head):
            entries.append((" ".join([*modifiers, _plural(head)]), Family(family, True)))
    return entries


def _portuguese(family: str, names: list[str]) -> list[tuple[str, Family]]:
    # "porta-copos" is one or many: counted, it is many.
    entries = [(name, Family(family, name.startswith(("porta ", "pires")))) for name in names]
    for name in names:
        head, *complement = name.split()
        if _plural(head):
            entries.append((" ".join([_plural(head), *complement]), Family(family, True)))
    return entries


ENGLISH: Final = PhraseTable.of(
    [entry for family, names in _ENGLISH.items() for entry in _english(family, names)] + _english("", _NOT_ENGLISH)
)
PORTUGUESE: Final = PhraseTable.of(
    _portuguese("", _NOT_PORTUGUESE)
    + [entry for family, names in _PORTUGUESE.items() for entry in _portuguese(family, names)]
)
