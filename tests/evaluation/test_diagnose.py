"""The diagnosis names planted faults, and finds none in healthy models."""

import io
import pickle

import numpy as np
import planted
import pytest
from rich.console import Console

import minivae as mv
from minivae.evaluation import (
    active_units,
    diagnose,
    elbo_surgery,
    measures,
    mutual_information_gap,
    separated_attributes,
)
from minivae.models import GAN, Autoencoder, Seq2Seq, VariationalBound


def examine(built, **options):
    model, x, *y = built
    options = {"rng": np.random.default_rng(0), "rows": 400, "show": False} | options
    return diagnose(model, x, *y, **options)


@pytest.fixture(scope="session")
def healthy():
    return {name: build() for name, build in planted.HEALTHY.items()}


# --- faults and their absence ----------------------------------------------------------------


@pytest.mark.parametrize("name", planted.TEN)
def test_a_planted_fault_is_found_by_its_name(name):
    found = examine(planted.TEN[name]())
    assert name in found.faults, found
    extra = set(found.faults) - {name, "posterior collapse"}  # which follows from many
    assert not extra, found


@pytest.mark.parametrize("name", planted.MORE)
def test_it_is_found_in_other_forms_and_strengths(name):
    fault, build = planted.MORE[name]
    assert fault in examine(build()).faults


@pytest.mark.parametrize("name", planted.HEALTHY)
def test_a_healthy_model_raises_no_alarm(name, healthy):
    found = examine(healthy[name])
    assert found.healthy, found


@pytest.mark.parametrize("epochs", [0, 1, 3, 8])
def test_a_model_that_has_just_begun_is_not_accused_of_a_wrong_weight(epochs):
    found = examine((planted.trained(planted.build(), epochs=epochs), planted.BINARY))
    assert not [name for name in found.faults if "KL weighs" in name or "log-variance" in name]


@pytest.mark.parametrize("beta", [0.25, 2.0])
def test_a_beta_that_is_declared_is_no_fault(beta):
    model = planted.build()
    model.objective = VariationalBound(beta=beta)
    found = examine((planted.trained(model), planted.BINARY))
    assert found.healthy, found
    assert found["β by the loss"] == pytest.approx(beta, rel=1e-3)
    assert found["β by the weights"] == pytest.approx(beta, rel=0.2)


def test_dimensions_that_the_data_do_not_need_are_told_without_alarm():
    model, x = planted.healthy_ten()
    twin = planted.build()
    twin.load_state_dict(model.state_dict())
    head = twin.encoder.layers[-1]
    for row in (0, 1, 2, 10, 11, 12):  # μ and log σ² of three dimensions: the prior
        head.weight.data[row], head.bias.data[row] = 0, 0
    twin.decoder.layers[0].weight.data[:, :3] = 0
    found = examine((twin, x))
    assert found.healthy
    notes = {finding.name: finding for finding in found.findings}
    idle = 10 - int(found["active units"])
    assert 3 <= idle < 10
    assert notes["collapsed dimensions"].seen == f"{idle} of 10 have Var E[z|x] ≤ 0.01"


# --- what it measures ------------------------------------------------------------------------


def test_the_measures_are_those_of_the_functions(healthy):
    model, x = healthy["ten dimensions"]
    found = examine((model, x), rows=len(x))
    assert found["active units"] == active_units(model, x).count
    parts = elbo_surgery(model, x, rng=np.random.default_rng(1), samples=3)
    for name, value in (
        ("KL", parts.kl),
        ("mutual information", parts.mutual_information),
        ("aggregate KL", parts.aggregate_kl),
    ):
        error = parts.errors[name.replace(" ", "_").replace("KL", "kl")] if name != "KL" else 0.02
        assert abs(found[name] - value) < 4.5 * 2 * error, name
    assert found["KL"] == pytest.approx(np.sum(found["KL per dimension"]), rel=1e-4)
    assert found["reconstruction"] - found["KL"] == pytest.approx(found["ELBO"], abs=1e-4)
    assert found["ELBO"] > found["without a code"]
    assert found["gap"] > 0
    split = found["total correlation"] + found["dimension-wise KL"]
    assert split == pytest.approx(found["aggregate KL"], abs=1e-6)
    assert "linear probe" not in [measure.name for measure in found.measures]


def test_a_data_set_brings_its_classes_and_its_test_data(healthy):
    model, _ = healthy["ten dimensions"]
    found = examine((model, planted.DIGITS), transform=mv.data.binarize)
    assert found.healthy, found
    assert found["ELBO of test data"] == pytest.approx(found["ELBO"], abs=5)
    assert found["linear probe"] > 0.5
    assert 0.2 < found["clusters of the codes"] <= 1
    assert 1 / 10 < found["completeness"] <= 1
    assert 1 < found["classes in samples"] <= 10
    fresh = examine((planted.build(), planted.DIGITS), transform=mv.data.binarize)
    assert found["Frechet distance"] < fresh["Frechet distance"]


def test_samples_that_are_data_lie_as_far_off_as_one_half_of_the_data_from_the_other(monkeypatch):
    model, x = planted.build(), planted.BINARY
    seen = x[np.random.default_rng(0).permutation(len(x))[:400]]
    monkeypatch.setattr(measures, "prior_means", lambda *_, rng: seen)
    found = examine((model, x), labels=planted.DIGITS.labels.train)
    (measure,) = (m for m in found.measures if m.name == "Frechet distance")
    assert measure.remark.endswith(f"of the other half {measure.value:.3g}")


@pytest.mark.parametrize(
    "rename", [lambda k: 7 * k - 20, lambda k: np.array(list("abcdefghij"))[k]]
)
def test_classes_may_have_any_names(rename, healthy):
    model, x = healthy["two dimensions"]
    digits = planted.DIGITS.labels.train
    plain, renamed = (examine((model, x), labels=labels) for labels in (digits, rename(digits)))
    assert str(renamed) == str(plain)
    assert 0.1 < plain["linear probe"] <= 1


@pytest.mark.parametrize("rename", [lambda k: k - 1, lambda k: k.astype(str)])
def test_labels_that_are_no_places_of_a_condition_do_not_become_one(rename, healthy):
    model, x, _ = healthy["conditional"]
    with pytest.raises(ValueError, match="the condition y must have shape"):
        examine((model, x), labels=rename(planted.DIGITS.labels.train))


def test_a_conditional_model_on_a_data_set_gets_the_labels(healthy):
    model, *_ = healthy["conditional"]
    found = examine((model, planted.DIGITS), transform=mv.data.binarize)
    assert found.healthy, found
    with pytest.raises(ValueError, match="the condition y must have shape"):
        examine((model, planted.BINARY))


def test_the_prior_of_a_mixture_clusters(healthy):
    model, x = healthy["mixture prior"]
    found = examine((model, x), labels=planted.DIGITS.labels.train)
    assert 0.1 < found["clusters of the prior"] <= 1


def test_known_factors_are_measured():
    data = mv.data.load("waves")
    model = mv.models.VAE.mlp(
        data.train.shape[1],
        hidden=(16,),
        latent=3,
        likelihood="gaussian",
        sigma="optimal",
        rng=np.random.default_rng(0),
    )
    mv.fit(model, data, steps=300, rng=np.random.default_rng(0), progress=False)
    found = examine((model, data))
    seen = np.random.default_rng(0).permutation(len(data.train))[:400]
    changing = np.ptp(data.factors.train, axis=0) > 0
    factors = data.factors.train[seen][:, changing]
    discrete = list(np.array(data.factors.discrete)[changing])
    codes = model.codes(data.train[seen])
    for name, score in (
        ("mutual information gap", mutual_information_gap),
        ("separated attributes", separated_attributes),
    ):
        expected = score(codes, factors, discrete=discrete).score
        assert found[name] == pytest.approx(expected, abs=1e-6)  # codes in single precision
        assert expected > 1e-3


def test_an_autoencoder_is_measured_as_far_as_that_goes():
    model = Autoencoder.mlp(64, hidden=(16,), latent=3, rng=np.random.default_rng(0))
    planted.trained(model, epochs=5)
    found = examine((model, planted.BINARY), labels=planted.DIGITS.labels.train)
    assert found.healthy, found
    names = [measure.name for measure in found.measures]
    assert {"log p(x|z)", "active units", "jump", "completeness"} <= set(names)
    assert not {"ELBO", "KL", "mutual information"} & set(names)


def test_a_model_of_sequences_is_measured_where_it_has_no_mean():
    rng = np.random.default_rng(0)
    x = rng.integers(1, 4, (200, 6))
    x[:, 4:] = 0
    model = mv.models.SequenceVAE.gru(data_dim=6, symbols=4, hidden=8, latent=2, rng=rng)
    found = examine((planted.trained(model, x, epochs=5), x), labels=x[:, 0] - 1)
    names = [measure.name for measure in found.measures]
    assert {"ELBO", "gap", "mutual information", "active units", "linear probe"} <= set(names)
    assert not {"jump", "completeness"} & set(names)
    assert not [name for name in found.faults if name != "posterior collapse"], found


def test_a_bound_below_that_of_independent_entries_is_told():
    found = examine((planted.build(), planted.BINARY))
    assert "worse than no code" in [finding.name for finding in found.findings]
    assert found["ELBO"] < found["without a code"]


# --- how it answers --------------------------------------------------------------------------


def test_the_model_is_left_as_it_was(healthy):
    model, x = healthy["ten dimensions"]
    before = pickle.dumps(model.state_dict())
    for parameter in model.parameters():
        parameter.grad = None
    examine((model, x))
    assert pickle.dumps(model.state_dict()) == before
    assert all(parameter.grad is None for parameter in model.parameters())


def test_the_same_seed_gives_the_same_table(healthy):
    model, x = healthy["two dimensions"]
    texts = [str(examine((model, x), rng=np.random.default_rng(s))) for s in (3, 3, 4)]
    assert texts[0] == texts[1] != texts[2]


def test_the_table_says_what_was_seen_what_it_means_and_what_to_do(capsys):
    model, x = planted.build(), planted.GREY
    found = diagnose(model, x, rng=np.random.default_rng(0), rows=100)
    printed = capsys.readouterr().out
    for text in (printed, str(found)):
        assert "VAE of 10 dimensions on 100 data" in text
        for measure in ("ELBO", "KL per dimension", "mutual information", "aggregate KL"):
            assert measure in text
        assert "✗ non-binary data" in text
        for word in ("seen:", "means:", "mend:"):
            assert word in text
    assert "at most log n = 4.61" in str(found)
    silent = diagnose(model, x, rng=np.random.default_rng(0), rows=100, show=False)
    assert capsys.readouterr().out == ""
    assert silent.faults == found.faults


def test_the_table_fits_a_terminal_of_eighty_columns(healthy):
    model, x = healthy["ten dimensions"]
    console = Console(file=io.StringIO(), width=80)
    console.print(examine((model, x)))
    lines = console.file.getvalue().splitlines()
    assert max(map(len, lines)) <= 80
    assert lines[-1].strip() == "no fault found"


def test_a_measure_that_was_not_taken_is_named():
    found = examine(planted.bytes_as_levels())
    assert found.faults == ("data of the wrong scale",)
    assert found.measures == ()
    with pytest.raises(KeyError, match="'ELBO' was not measured"):
        found["ELBO"]


@pytest.mark.parametrize(("x", "rows"), [(planted.BINARY[:1], 400), (planted.BINARY, 1)])
def test_one_datum_is_too_few(x, rows):
    with pytest.raises(ValueError, match="^diagnose: needs two data or more, not 1"):
        examine((planted.build(), x), rows=rows)


@pytest.mark.parametrize(
    "model",
    [
        GAN.mlp(64, (8,), 2, rng=np.random.default_rng(0)),
        Seq2Seq.gru(64, 4, symbols=2, hidden=5, rng=np.random.default_rng(0)),
    ],
)
def test_a_model_without_codes_is_refused(model):
    with pytest.raises(
        TypeError, match=f"^diagnose: a {type(model).__name__} has no codes of data"
    ):
        examine((model, planted.BINARY))


@pytest.mark.parametrize("change", [-1, 1])
def test_as_many_labels_and_conditions_as_data_are_needed(change):
    n = len(planted.BINARY)
    with pytest.raises(ValueError, match=f"as many labels as training data, {n}, not {n + change}"):
        examine((planted.build(), planted.BINARY), labels=np.zeros(n + change, int))
    model = planted.build(condition=10)
    with pytest.raises(ValueError, match=f"as many conditions y as training data, {n}, not"):
        examine((model, planted.BINARY, np.zeros((n + change, 10))))
