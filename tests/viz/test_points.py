"""Points stand where they are, in the colour of what they are."""

import numpy as np
import pytest

from minivae import viz

CENTRES = np.array([[0.0, 2.0], [2.0, 0.0], [-2.0, 0.0]])


def clouds(axes):
    return {cloud.get_label(): cloud.get_offsets() for cloud in axes.collections}


def test_samples_stand_over_the_data_in_their_own_panel(rng):
    data, gan, vae = (rng.standard_normal((n, 2)) for n in (50, 20, 30))
    figure = viz.samples_over_data(data, {"GAN": gan, "VAE": vae})
    for axes, (name, points) in zip(figure.axes, {"GAN": gan, "VAE": vae}.items(), strict=True):
        assert axes.get_title() == name
        np.testing.assert_array_equal(clouds(axes)["data"], data)
        np.testing.assert_array_equal(clouds(axes)[name], points)
        assert axes.get_aspect() == 1
    left, right = figure.axes
    assert left.get_xlim() == right.get_xlim()
    assert left.get_ylim() == right.get_ylim()


def test_missed_modes_are_crossed_and_reached_ones_ringed(rng):
    points = rng.standard_normal((20, 2))
    covered = [True, False, True]
    figure = viz.samples_over_data(points, {"GAN": points}, CENTRES, {"GAN": covered})
    drawn = clouds(figure.axes[0])
    np.testing.assert_array_equal(drawn["reached"], CENTRES[[0, 2]])
    np.testing.assert_array_equal(drawn["missed"], CENTRES[[1]])
    assert figure.axes[0].get_title() == "GAN: 2 of 3 modes"


def test_shares_of_modes_are_percentages_and_empty_modes_are_crossed():
    figure = viz.mode_coverage({"GAN": [30, 0, 10], "VAE": [1, 1, 2]})
    above, below = figure.axes
    assert [bar.get_height() for bar in above.patches] == [75, 0, 25]
    assert [bar.get_height() for bar in below.patches] == [25, 25, 50]
    equal, missed = above.lines
    np.testing.assert_allclose(equal.get_ydata(), 100 / 3)
    assert missed.get_xydata().tolist() == [[2, 0]]
    assert above.get_title() == "GAN: 2 of 3 modes"
    assert above.get_ylim() == below.get_ylim()


def test_a_pushed_point_keeps_the_colour_of_its_angle(rng):
    z = rng.standard_normal((40, 2))
    stages = {"z": z, "ring": z / np.linalg.norm(z, axis=1, keepdims=True)}
    figure = viz.push_forward(stages)
    first, second = (axes.collections[0] for axes in figure.axes)
    np.testing.assert_array_equal(second.get_offsets(), stages["ring"])
    np.testing.assert_array_equal(first.get_array(), second.get_array())
    centred = z - z.mean(axis=0)
    np.testing.assert_allclose(first.get_array(), np.arctan2(centred[:, 1], centred[:, 0]))
    ends = first.cmap([0.0, 1.0])  # the angles -π and π are one
    np.testing.assert_allclose(ends[0], ends[1])


def test_an_axis_runs_along_its_direction_and_its_histogram_holds_the_projections(rng):
    x = rng.standard_normal((200, 2)) * [3, 1] + [5, -2]
    labels = np.repeat([0, 1], 100)
    figure = viz.projection_axes(x, labels, {"PCA": [2.0, 0.0], "LDA": [1.0, 1.0]})
    plane, pca, lda = figure.axes
    for line, direction in zip(plane.lines, ([1, 0], [1, 1]), strict=True):
        (start, end) = line.get_xydata()
        np.testing.assert_allclose(start + end, 2 * x.mean(axis=0))
        step = (end - start) / np.linalg.norm(end - start)
        np.testing.assert_allclose(step, direction / np.linalg.norm(direction))
    for axes, direction in [(pca, [1, 0]), (lda, [1, 1])]:
        along = (x - x.mean(axis=0)) @ np.array(direction) / np.linalg.norm(direction)
        bars = axes.patches
        assert sum(bar.get_height() for bar in bars) == 200
        mean = sum((b.get_x() + b.get_width() / 2) * b.get_height() for b in bars) / 200
        assert mean == pytest.approx(along.mean(), abs=bars[0].get_width() / 2)
        heights = [b.get_height() for b in bars[:60]]  # the first class
        edges = [bars[0].get_x(), *(b.get_x() + b.get_width() for b in bars[:60])]
        np.testing.assert_array_equal(heights, np.histogram(along[:100], edges)[0])
    assert pca.get_xlim() == lda.get_xlim()


def test_what_is_not_in_the_plane_is_refused(rng):
    x = rng.standard_normal((5, 2))
    with pytest.raises(ValueError, match=r"'data' has \(5, 3\); choose two columns"):
        viz.samples_over_data(np.ones((5, 3)), {"GAN": x})
    with pytest.raises(ValueError, match="there are no samples"):
        viz.samples_over_data(x, {})
    with pytest.raises(ValueError, match=r"each of the 3 centres; 'GAN' has \(2,\)"):
        viz.samples_over_data(x, {"GAN": x}, CENTRES, {"GAN": [True, False]})
    with pytest.raises(ValueError, match="samples in the same modes"):
        viz.mode_coverage({"GAN": [1, 2], "VAE": [1, 2, 3]})
    with pytest.raises(ValueError, match="samples in the same modes"):
        viz.mode_coverage({"GAN": [0, 0]})
    with pytest.raises(ValueError, match=r"same points.*\[5, 4\]"):
        viz.push_forward({"a": x, "b": x[:4]})
    with pytest.raises(ValueError, match="same points"):
        viz.push_forward({})
    with pytest.raises(ValueError, match="each of the 5 points needs a label"):
        viz.projection_axes(x, [0, 1], {"PCA": [1, 0]})
    with pytest.raises(ValueError, match="not both 0"):
        viz.projection_axes(x, [0, 1, 0, 1, 0], {"PCA": [0, 0]})
