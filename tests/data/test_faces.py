"""Faces: one attribute changes its part of the picture, and no other."""

import numpy as np
import pytest
from factors import assert_uniform_and_independent
from hypothesis import given
from hypothesis import strategies as st

from minivae.data import draw_faces, faces
from minivae.data.faces import DISCRETE, FACTORS, HIGHEST, LOWEST

ranges = [
    st.integers(int(low), int(high) - 1) if name in DISCRETE else st.floats(low, high)
    for name, low, high in zip(FACTORS, LOWEST, HIGHEST, strict=True)
]
people = st.tuples(*ranges)
PARTS = {  # rows and columns outside of which an attribute changes nothing
    "smile": (slice(19, 28), slice(8, 24)),
    "glasses": (slice(11, 21), slice(4, 28)),
    "beard": (slice(19, 30), slice(5, 27)),
}


def draw(person):
    return draw_faces(np.array([person])).reshape(32, 32)


def changed(person, name, value):
    other = list(person)
    other[FACTORS.index(name)] = value
    return draw(other)


@given(people)
def test_a_face_is_grey_levels_and_its_own_mirror_image(person):
    face = draw(person)
    assert face.dtype == np.float32
    assert face.min() >= 0
    assert face.max() <= 1
    np.testing.assert_allclose(face, face[:, ::-1], atol=1e-5)


@pytest.mark.parametrize("name", FACTORS)
@given(person=people, data=st.data())
def test_every_attribute_is_seen(name, person, data):
    here, j = draw(person), FACTORS.index(name)
    if name in DISCRETE:
        value = (person[j] + 1) % HIGHEST[j]
    else:
        middle = (LOWEST[j] + HIGHEST[j]) / 2
        value = HIGHEST[j] if person[j] < middle else LOWEST[j]
    tones = abs(person[0] - person[3])
    if name in ("hair", "beard") and tones < 0.05:
        return  # hair of the skin's tone: even a person would not see it
    assert np.abs(changed(person, name, value) - here).sum() > 0.5


@pytest.mark.parametrize("name", PARTS)
@given(person=people, data=st.data())
def test_an_attribute_changes_its_part_of_the_face_alone(name, person, data):
    value = data.draw(ranges[FACTORS.index(name)])
    rows, columns = PARTS[name]
    difference = changed(person, name, value) - draw(person)
    difference[rows, columns] = 0
    assert not difference.any()


@given(people, st.floats(0.5, 0.95))
def test_lighter_skin_makes_no_pixel_darker(person, tone):
    darker, lighter = (changed(person, "skin_tone", t) for t in sorted((person[0], tone)))
    assert np.all(lighter >= darker - 1e-6)


@given(people, st.floats(0.44, 0.6))
def test_a_wider_face_is_wider_by_what_the_attribute_says(person, width):
    bare = (*person[:4], 0, 0, 0)  # no hair at its sides
    here, there = draw(bare), changed(bare, "face_width", width)
    row, cheeks = 20, np.r_[0:10, 22:32]  # below the ears, beside nose and mouth
    v = (row + 0.5) / 16 - 1
    pixels = 2 * 16 * np.sqrt(1 - ((v - 0.08) / 0.72) ** 2) * (width - person[1])
    # Each of the four edges is steep here: its grey levels are right to a twentieth of a pixel.
    got = (there - here)[row, cheeks].sum() / person[0]
    assert abs(got - pixels) < 0.2


@pytest.mark.parametrize("mood", [-1, 1])
def test_the_corners_of_a_happy_mouth_are_up_and_of_a_sad_one_down(mood):
    face = draw((0.9, 0.52, mood, 0.2, 1, 0, 0))
    darkest = 19 + face[19:28].argmin(axis=0)
    corners, middle = darkest[[13, 18]].mean(), darkest[[15, 16]].mean()
    assert (middle - corners) * mood >= 0
    ends = darkest[[12, 19]].mean()
    assert (middle - ends) * mood > 0


def test_rows_are_drawn_one_by_one_alike():
    images, factors = faces(130, np.random.default_rng(0))
    assert images.dtype == factors.dtype == np.float32
    for i in (0, 63, 64, 129):
        np.testing.assert_array_equal(draw_faces(factors[i : i + 1])[0], images[i])


def test_attributes_are_uniform_and_independent():
    _, factors = faces(2_000, np.random.default_rng(1))
    discrete = [name in DISCRETE for name in FACTORS]
    assert_uniform_and_independent(factors, LOWEST, HIGHEST, discrete)


@pytest.mark.parametrize("shape", [(7,), (2, 6), (1, 2, 7)])
def test_attributes_of_another_shape_are_refused(shape):
    with pytest.raises(ValueError, match=r"expected factors of shape \(n, 7\)"):
        draw_faces(np.zeros(shape))
