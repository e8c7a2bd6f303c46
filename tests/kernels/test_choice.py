"""Who makes a product of matrices: by the machine and by the sizes, or as the user says."""

import numpy as np
import pytest

import minivae as mv
from minivae import kernels
from minivae.kernels import choice

pytest.importorskip("numba", reason="Numba is not installed here", exc_type=ImportError)

A, B = np.ones((100, 300), "float32"), np.ones((300, 200), "float32")


@pytest.fixture
def made_by(monkeypatch):
    """Tell by whom the product of the two arrays is made."""
    from minivae.kernels import compiled

    makers = []
    monkeypatch.setattr(compiled, "multiply", lambda a, b: makers.append("tiles"))
    monkeypatch.setattr(np, "matmul", lambda a, b: makers.append("blas"))

    def maker(a=A, b=B):
        makers.clear()
        kernels.matmul(a, b)
        return makers

    yield maker
    mv.use("numba")


@pytest.mark.parametrize("by", ["tiles", "blas"])
def test_the_choice_can_be_forced(by, made_by):
    mv.use("numba", products=by)
    for n in (1, 10, 300):
        assert made_by(A[:n], B) == [by]
    assert by in kernels.explain_products()


def test_an_unknown_maker_is_refused():
    with pytest.raises(ValueError, match="choose one of"):
        mv.use("numba", products="gpu")


@pytest.mark.parametrize(
    ("tiles", "blas", "maker"), [(64, 32, "tiles"), (32, 32, "tiles"), (32, 64, "blas")]
)
def test_the_wider_vectors_win(tiles, blas, maker, made_by, monkeypatch):
    machine = choice.Machine()
    machine.tile_bytes, machine.blas_bytes, machine.tiles = tiles, blas, tiles >= blas
    monkeypatch.setattr(choice, "machine", lambda: machine)
    mv.use("numba")
    assert made_by() == [maker]
    assert f"{blas} bytes" in kernels.explain_products()


def test_small_and_narrow_products_are_blas_s(made_by):
    mv.use("numba")
    assert made_by(A[:1]) == ["blas"]
    assert made_by(A, B[:, :1]) == ["blas"]
    assert made_by(A[:10, :10], B[:10, :10]) == ["blas"]


def test_looking_while_numpys_kernels_run_decides_nothing_for_later(made_by):
    choice.machine.cache_clear()
    mv.use("numpy")
    assert "NumPy's kernels run" in kernels.explain_products()
    mv.use("numba")
    assert made_by() == ["tiles" if choice.Machine().tiles else "blas"]


def test_numpys_kernels_and_other_types_are_blas_s(made_by):
    mv.use("numba")
    assert made_by(A.astype(int), B.astype(int)) == ["blas"]
    assert made_by(A, B.astype("float64")) == ["blas"]
    mv.use("numpy")
    assert made_by() == ["blas"]


def test_the_same_product_is_always_made_by_the_same():
    """Nothing is timed at run time, so results keep their bits from run to run."""
    assert {choice.tiles_are_faster(A, B) for _ in range(10)} == {choice.machine().tiles}
