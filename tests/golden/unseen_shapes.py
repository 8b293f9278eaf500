"""Solids that neither the print model nor its calibration has seen, each from a formula. mm, z up, resting on z = 0."""

import manifold3d as m3
import numpy as np

from pipelines.geometry import TriangleMesh

N = 80  # sides of round things


def box(x, y, z, at=(0, 0, 0)):
    return m3.Manifold.cube((x, y, z)).translate((at[0] - x / 2, at[1] - y / 2, at[2]))


def rod(r, h, at=(0, 0, 0), top=None, n=N):
    return m3.Manifold.cylinder(h, r, r if top is None else top, n).translate(at)


def ball(r, at=(0, 0, 0)):
    return m3.Manifold.sphere(r, N).translate(at)


def turned(points):
    return m3.CrossSection([points]).revolve(N)


def flat(points, h):
    return m3.CrossSection([points]).extrude(h)


def union(solids):
    return m3.Manifold.batch_boolean(list(solids), m3.OpType.Add)


def nut():
    return (rod(17, 13, n=6) ^ rod(19, 13, top=13.5)) - rod(8.5, 30, (0, 0, -1))


def pawn():
    z = np.linspace(0, 40, 45)
    r = 4.5 + 9 * np.exp(-z / 6) + 1.5 * np.sin(z / 5)
    return union([turned([(0, 0), *zip(r, z), (0, 40)]), ball(8.5, (0, 0, 43)), rod(8, 3, (0, 0, 33))])


def perforated():
    holes = [rod(3, 9, (x + (k % 2) * 3.6, y, -1), n=6) for k, y in enumerate(np.arange(-21, 22, 7)) for x in np.arange(-28, 29, 7.2)]
    return box(74, 56, 2.8) - union(holes)


def comb():
    return union([box(72, 8, 5), *(box(1.4, 8, 26, (x, 0, 4)) for x in np.linspace(-34, 34, 14))])


def tray():
    return box(78, 52, 18) - box(75.2, 49.2, 18, (0, 0, 1.4)) + box(1.2, 50, 14, (-10, 0, 0.5)) + box(44, 1.2, 14, (13, 4, 0.5))


def tumbled():
    corners = [ball(4, (x, y, z)) for x in (-12, 12) for y in (-10, 10) for z in (-9, 9)]
    solid = m3.Manifold.batch_hull(corners).rotate((24, 33, 10)).translate((0, 0, 16))
    return solid.trim_by_plane((0, 0, 1), 0)


def knob():
    flutes = [rod(2.5, 40, (18.5 * np.cos(a), 18.5 * np.sin(a), -1)) for a in np.arange(14) * 2 * np.pi / 14]
    return (rod(18, 16) ^ ball(24)) - union(flutes) - (rod(3.1, 11, (0, 0, -1)) - box(9, 3, 30, (0, 4.2, -2)))


def propeller():
    blade = m3.CrossSection.square((62, 9), True) + m3.CrossSection.square((9, 62), True) + m3.CrossSection.circle(10, N)
    return blade.extrude(30, 40, 55.0, (0.75, 0.75))


def bowl():
    z = np.linspace(0, np.pi / 2, 30)
    outer = [(0, 0), *((12 + 24 * np.sin(t), 26 * (1 - np.cos(t))) for t in z), (0, 26)]
    inner = [(0, 2.6), *((10 + 23.4 * np.sin(t), 2.6 + 24 * (1 - np.cos(t))) for t in z), (0, 27)]
    return turned(outer) - turned(inner)


def stand():
    side = [(0, 0), (58, 0), (58, 5), (50, 5), (50, 14), (45, 14), (45, 5), (20, 5), (6, 52), (0, 52), (14, 5), (0, 5)]
    return flat(side, 22)


def pyramid():
    return m3.CrossSection.square((44, 44), True).extrude(36, 0, 0.0, (0.02, 0.02))


def shade():
    z = np.linspace(0, 58, 30)
    r = 27 - 0.18 * z + 1.2 * np.sin(z / 4)
    return turned([*zip(r, z), *zip((r - 1.7)[::-1], z[::-1])])


def slab_with_boss():
    return box(58, 34, 6) + rod(9, 22, (-14, 0, 0)) + box(16, 20, 14, (15, 0, 0)) - rod(4, 60, (-14, 0, -1)) - box(8, 12, 60, (15, 0, 3))


def pebble():
    return (ball(1).scale((23, 16, 11)).rotate((8, 12, 0)).translate((0, 0, 8)) - ball(6, (6, 2, 20))).trim_by_plane((0, 0, 1), 0)


def initials():
    arcs = [rod(9, 5, (x, 0, 0)) - rod(6.4, 9, (x, 0, -1)) - box(9, 6, 9, (x + 8, 0, -1)) for x in (-26, 0)]
    bars = [box(2.6, 20, 5, (18, 0, 0)), box(2.6, 20, 5, (32, 0, 0)), flat([(30, -10), (33, -10), (20, 10), (17, 10)], 5)]
    return union([*arcs, *bars])


def key_tag():
    return (box(46, 20, 3) + rod(10, 3, (23, 0, 0))) - rod(3, 9, (26, 0, -1)) + union([box(2, 11, 1.2, (x, 0, 3)) for x in (-17, -12, -5, 2, 9)])


def arch():
    return box(52, 18, 30) - rod(17, 40, n=N).rotate((90, 0, 0)).translate((0, 20, 2)) - box(34, 40, 4, (0, 0, -2))


def stool():
    return union([rod(24, 4, (0, 0, 27)), *(rod(3.4, 28, (15 * np.cos(a), 15 * np.sin(a), 0)) for a in (0.3, 2.4, 4.5))])


def spool():
    return rod(22, 3) + rod(8, 24) + rod(22, 3, (0, 0, 23)) - rod(4, 60, (0, 0, -1))


def mushroom():
    cap = ball(20, (0, 0, 0)).scale((1, 1, 0.6)).trim_by_plane((0, 0, 1), 0).translate((0, 0, 22))
    return cap + rod(5, 24, top=7)


def sign():
    return box(4, 26, 44) + box(22, 26, 4, (11, 0, 40)) + box(30, 26, 3)


def elbow():
    ring = m3.CrossSection.circle(8, N).translate((22, 0)) - m3.CrossSection.circle(5.5, N).translate((22, 0))
    return ring.revolve(N, 90.0).rotate((90, 0, 0)).trim_by_plane((0, 0, 1), 0)


def dumbbell():
    return union([ball(11, (-20, 0, 10)), ball(11, (20, 0, 10)), rod(4, 40).rotate((0, 90, 0)).translate((-20, 0, 10))]).trim_by_plane((0, 0, 1), 0)


def tilted_plate():
    return box(36, 26, 5).rotate((0, 38, 0)).translate((0, 0, 13)).trim_by_plane((0, 0, 1), 0) + box(20, 26, 3, (10, 0, 0))


def cone_down():
    return rod(6, 24, top=24) + rod(6, 3)


def figure():
    parts = [ball(9, (0, 0, 40)), rod(9, 22, (0, 0, 12), top=6), rod(4, 14, (-5, 0, 0)), rod(4, 14, (5, 0, 0)),
             rod(3, 22).rotate((0, 75, 0)).translate((4, 0, 28)), rod(3, 22).rotate((0, -75, 0)).translate((-4, 0, 28))]
    return union(parts)


def bracket():
    return box(46, 24, 5, (0, 0, 0)) + box(5, 24, 34, (-20.5, 0, 0)) + box(26, 24, 5, (-10, 0, 29)) - rod(4, 60, (10, 0, -1)) - rod(3, 80).rotate((0, 90, 0)).translate((-40, 0, 18))


def cross():
    return box(10, 10, 44) + box(40, 10, 9, (0, 0, 22))


PLAIN = {f.__name__: f for f in (nut, pawn, perforated, comb, tray, tumbled, knob, propeller, bowl, stand, pyramid, shade, slab_with_boss, pebble, initials, key_tag)}
HELD = {f.__name__: f for f in (arch, stool, spool, mushroom, sign, elbow, dumbbell, tilted_plate, cone_down, figure, bracket, cross)}


def mesh_of(name):
    """A shape as the pipelines take it."""
    solid = {**PLAIN, **HELD}[name]()
    x0, y0, z0, x1, y1, _ = solid.bounding_box()
    mesh = solid.translate((-(x0 + x1) / 2, -(y0 + y1) / 2, -z0)).to_mesh64()
    return TriangleMesh(np.array(mesh.vert_properties)[:, :3].astype(np.float64), np.array(mesh.tri_verts).astype(np.int64))
