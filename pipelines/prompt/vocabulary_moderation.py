"""Phrases that refuse a prompt and innocent phrases that contain such words; folded, English and Portuguese."""

from collections.abc import Mapping
from typing import Final, Literal

from pipelines.prompt.tokens import phrases

_WEAPONS: Final = phrases(
    "gun, guns, firearm, firearms, pistol, pistols, handgun, handguns, rifle, rifles, shotgun, shotguns, revolver, revolvers, machine gun",
    "submachine gun, machinegun, ghost gun, gun receiver, gun frame, gun barrel, lower receiver, upper receiver, receiver for an ar 15, ar 15",
    "ar15, ar 10, ak 47, ak47, m16, m4 carbine, glock, glocks, glock frame, glock switch, auto sear, autosear, lightning link, drop in auto sear",
    "bump stock, bumpstock, silencer, silencers, suppressor, suppressors, gun suppressor, solvent trap, magazine for a gun, gun magazine",
    "high capacity magazine, ammo magazine, ammunition, bullet, bullets, bullet casing, cartridge for a gun, trigger group, sniper, uzi, mac 10",
    "fgc 9, liberator pistol, zip gun, brass knuckles, brass knuckle, knuckle duster, knuckle dusters, knuckleduster, knuckledusters",
    "switchblade, switchblades, switch blade, flick knife, butterfly knife, balisong, dagger, daggers, stiletto knife, throwing knife",
    "throwing knives, throwing star, throwing stars, shuriken, shurikens, ninja star, ninja stars, combat knife, push dagger, karambit, shiv",
    "shank weapon, prison shank, machete, crossbow, blowgun, blow gun, nunchaku, nunchucks, grenade, grenades, hand grenade, bomb, bombs",
    "pipe bomb, explosive, explosives, landmine, land mine, detonator, molotov, molotov cocktail, mortar shell, taser, stun gun, weapon, weapons",
    "weapon part, garrote, caltrop, caltrops, sawed off, hidden blade, sword cane, concealed knife, ceramic knife undetectable, credit card knife",
    "ied, missile launcher, rocket launcher, rpg launcher, drone grenade dropper, grenade dropper",
    "arma, armas, arma de fogo, armas de fogo, pistola, pistolas, revolveres, fuzil, fuzis, espingarda, espingardas, escopeta",
    "escopetas, metralhadora, metralhadoras, submetralhadora, carabina, garrucha, silenciador, silenciadores, supressor, supressores",
    "soco ingles, socos ingleses, soqueira, soqueiras, canivete automatico, canivete borboleta, faca borboleta, punhal, punhais, adaga, adagas",
    "estrela ninja, estrelas ninja, faca de arremesso, facas de arremesso, balestra, besta de caca, granada, granadas, bomba caseira, bombas",
    "explosivo, explosivos, dinamite, municao, municoes, cartucho de bala, coquetel molotov, carregador de pistola, carregador de fuzil",
    "receptor inferior, kit rajada, seletor de rajada, gatilho de arma, nunchaco, tchaco, facao, bomba tubo, bomba de cano, mina terrestre",
)
_HATE: Final = phrases(
    "swastika, swastikas, nazi, nazis, nazism, neonazi, neo nazi, third reich, hitler, heil hitler, sieg heil, ss bolts, ss lightning bolts",
    "ss runes, ss rune, ss symbol, schutzstaffel, sonnenrad, black sun symbol, totenkopf ss, ss totenkopf, iron eagle nazi, reichsadler, kkk",
    "ku klux klan, klansman, white power, white pride, white supremacy, white supremacist, burning cross klan, confederate flag, 1488, 14 88",
    "wolfsangel, odal rune, othala rune, hakenkreuz, isis flag, islamic state flag, blood and honour, aryan nation, aryan brotherhood",
    "racial holy war, gas the jews, holocaust denial",
    "suastica, suasticas, nazista, nazistas, nazismo, neonazista, neonazistas, cruz gamada, raios da ss, raios ss, runas da ss",
    "simbolo da ss, simbolo ss, sol negro, supremacia branca, supremacista branco, poder branco, orgulho branco, orgulho ariano, ariano puro",
    "bandeira confederada, terceiro reich, bandeira do estado islamico",
)
_SEXUAL: Final = phrases(
    "dildo, dildos, penis, penises, phallus, phallic, vagina, vaginas, vulva, vulvas, butt plug, butt plugs, buttplug, anal plug, anal beads",
    "sex toy, sex toys, sex doll, sex, sexual, sexy naked, vibrator, vibrators, masturbator, masturbation, masturbate, fleshlight, cock ring",
    "cock rings, cock cage, cock, cocks, dick, dicks, pussy, boobs, boob, tits, titties, nipple clamp, nipple clamps, genitals, genitalia",
    "genital, chastity cage, chastity device, strap on, strapon, porn, porno, pornographic, pornography, hentai, nude, nudes, naked, blowjob",
    "ejaculating, ejaculation, orgasm, cum, semen, clitoris, clit, testicles, scrotum, erection, erotic, bdsm, bondage gear, fetish toy",
    "consolo, consolos erotico, brinquedo erotico, brinquedos eroticos, brinquedo sexual, brinquedos sexuais, boneca inflavel, sexo, sexual",
    "vibrador, vibradores, pinto ereto, pau duro, piroca, pirocas, rola dura, caralho, caralhos, buceta, bucetas, xoxota, xereca, boceta",
    "bocetas, peitos nus, peito nu, pelada, pelado, peladas, pelados, nua, nuas, nudez, mulher nua, homem nu, porno, pornografia, pornografico",
    "pornografica, erotico, erotica, eroticos, eroticas, orgao genital, orgaos genitais, genitais, masturbador, masturbacao, anel peniano",
    "plug anal, plugue anal, gaiola de castidade, cinto de castidade, testiculos, ereto, sexuais, falo, falico, clitoris, seios nus, bunda nua",
)
_INNOCENT: Final = phrases(
    "water gun, water guns, water pistol, glue gun, glue guns, hot glue gun, hot glue guns, nail gun, nail guns, staple gun, staple guns",
    "heat gun, heat guns, spray gun, spray guns, paint gun, caulking gun, caulk gun, grease gun, massage gun, massage guns, soldering gun",
    "radar gun, price gun, tattoo gun, tagging gun, top gun, nerf gun, nerf guns, toy gun bubble, bubble gun, bubble guns, rivet gun, blow gun nozzle",
    "air blow gun, foam gun, label gun, temperature gun, barcode gun, solder gun, shotgun mic, shotgun microphone, shotgun mic mount",
    "gun metal, gunmetal, gunmetal gray, gunmetal grey, screw gun, silicone gun, light gun, pressure washer gun, gun cleaning mat",
    "silver bullet blender, bullet journal, bullet journals, bullet point, bullet points, bullet train",
    "magic bullet blender, magic bullet cup, bullet level, bath bomb, bath bombs, bath bomb mold, bath bomb mould, photo bomb, bombshell",
    "surge suppressor, noise suppressor, vibration suppressor, flyback suppressor, spark suppressor, recoil spring pen, exhaust silencer",
    "car silencer, compressor silencer, fan silencer, pump silencer, pc fan silencer, intake silencer, moped silencer, silencer for a fan",
    "silencer for a pump, silencer for a compressor, silencer for an air pump, knife block, knife blocks, dagger board, daggerboard",
    "secret weapon, weapon x, suppressor diode, tvs suppressor, cum laude, magna cum laude, summa cum laude, pistol grip screwdriver",
    "pistol grip drill, cross bow tie, glock enspiel, machete sheath hanger, paint bomb, smoke bomb detector, nunchuk, nunchuk holder",
    "wii nunchuk, wii gun, stun gun brow, grenade apple, pomegranate, hand grenade hot sauce, cherry bomb guitar, bomb calorimeter",
    "sex bolt, sex bolts, sex screw, same sex couple, sex of the baby, sex determination, fish sex, moby dick, dick tracy, dick van dyke",
    "philip k dick, spotted dick, weather cock, cock and bull, cock a doodle, hancock, stop cock, ball cock, shuttle cock, pea cock, cock pit",
    "wood cock, gender and sex, nude color, nude colour, nude beige, nude lipstick, nude tone, naked eye, naked cake, naked raspberry pi",
    "naked board, naked pcb, naked bike, great tit, blue tits, coal tits, pussy willow, pussy cat, pussycat, pussycats, porn star martini",
    "bondage tape roll, vibrator motor, concrete vibrator, phone vibrator motor, coin vibrator, vibration motor, sexual health poster",
    "nipple fitting, cook, ss bolt m8, m8 ss bolts, ss bolts m8, m6 ss bolts, m4 ss bolts, m5 ss bolts, m3 ss bolts, m10 ss bolts, stainless ss bolts",
    "ss bolts and nuts, ss bolts and washers, pistola de cola, pistola de cola quente, pistola de agua, pistola de silicone, pistola de pintura",
    "pistola de ar, pistola de calor, pistola de solda, pistola termica, pistola de lavadora, pistola massageadora, pistola de brinquedo de agua",
    "pistola de grampo, pistola de prego, pistola de bolhas, pistola de ar quente, pistola de lavagem, pistola lava jato, arminha de agua",
    "revolver de parafusos, bomba de agua, bomba de ar, bomba d agua, bomba de chocolate, bombas de chocolate, bomba de encher",
    "bomba de bicicleta, bomba de vacuo, bomba de aquario, bomba de combustivel, bomba de chimarrao, bombas de agua, bombas de ar",
    "bombas de vacuo, bombas de aquario, bombas de banho, bombas de chimarrao, bomba de banho, bombas d agua, silenciador de escapamento",
    "silenciador de compressor, silenciador de ventilador, silenciador de bomba, silenciador para compressor, silenciador de moto",
    "supressor de ruido, supressor de surto, supressor de vibracao, supressor de transientes, bloco de facas, cepo de facas, porta facas",
    "arma secreta, cor nude, consolo do painel, consolo central, consolo de carro, consolo do carro, vibrador de concreto, motor vibrador",
    "sexo do bebe, cha revelacao do sexo, educacao sexual, fio pelado, fios pelados, pau pelado, cabo pelado, adaga de decoracao de bolo",
    "estrela de granada, suco de granada, pistola de pulverizacao, pistola de etiquetas, pistola de selante, anel de granada gema",
    "pistola de massagem, sol negro eclipse, eclipse sol negro",
)
RULES: Final[Mapping[Literal["weapons", "hate", "sexual"], list[str]]] = {
    "weapons": _WEAPONS,
    "hate": _HATE,
    "sexual": _SEXUAL,
}
INNOCENT: Final = _INNOCENT
