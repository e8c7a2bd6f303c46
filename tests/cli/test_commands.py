"""The command line: what it prints, what it writes, and one clear line for every error."""

import csv
import errno
import gzip
import json
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pytest

import minivae as mv
from minivae.cli.main import main

QUICK = ["--hidden", "16", "--epochs", "2"]


@pytest.fixture(autouse=True)
def empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MINIVAE_DATA", raising=False)


def lines(capsys):
    captured = capsys.readouterr()
    return captured.out, captured.err


def exit_status(command):
    """What the shell would see: argparse leaves by SystemExit."""
    try:
        return main(command.split())
    except SystemExit as stop:
        return stop.code


@pytest.mark.parametrize(
    ("recipe", "latent", "figures"),
    [
        ("vae", "2", {"loss", "latent", "manifold", "reconstructions", "samples"}),
        ("vae", "3", {"loss", "latent", "traversals", "reconstructions", "samples"}),
        ("vae", "1", {"loss", "traversals", "reconstructions", "samples"}),
        ("ae", "2", {"loss", "latent", "manifold", "reconstructions"}),
        ("ae", "3", {"loss", "latent", "traversals", "reconstructions"}),
    ],
)
def test_training_fills_the_run_folder(tmp_path, capsys, recipe, latent, figures):
    assert main(["train", recipe, *QUICK, "--latent", latent, "--out", "r"]) == 0
    out, _ = lines(capsys)
    run = tmp_path / "r"
    assert {f.stem for f in (run / "figures").iterdir()} == figures
    for svg in (run / "figures").glob("*.svg"):
        ET.parse(svg)
    assert json.loads((run / "settings.json").read_text())["latent"] == int(latent)
    rows = list(csv.DictReader((run / "metrics.csv").read_text().splitlines()))
    assert [row["epoch"] for row in rows] == ["1", "2"]
    model, summary = (
        mv.load(run / "model.safetensors"),
        json.loads((run / "summary.json").read_text()),
    )
    assert (model.data_dim, model.latent) == (64, int(latent))
    assert "baseline" in out
    if recipe == "vae":
        assert f"{summary['elbo']:.2f}" in out
        assert summary["elbo"] == pytest.approx(summary["reconstruction"] - summary["kl"])


def test_the_printed_elbo_is_that_of_the_saved_model(capsys):
    assert main(["train", "--hidden", "64", "--epochs", "60", "--out", "r"]) == 0
    summary = json.loads(Path("r/summary.json").read_text())
    model = mv.load("r/model.safetensors")
    test = mv.data.binarize(mv.data.load("digits").test, np.random.default_rng(2))
    with mv.no_grad():
        draws = [model.elbo(test, rng=np.random.default_rng(i)).value.item() for i in range(40)]
    assert summary["elbo"] == pytest.approx(np.mean(draws), abs=6 * np.std(draws) / np.sqrt(10))
    assert summary["elbo"] > summary["baseline"]


def test_evaluate_prints_the_bound_below_the_likelihood(capsys):
    main(["train", *QUICK, "--out", "r"])
    lines(capsys)
    assert main(["evaluate", "r", "--samples", "50", "--limit", "360"]) == 0
    out, _ = lines(capsys)
    elbo, log_p = (float(out.split(name)[1].split()[0]) for name in ("ELBO", "log p(x)"))
    assert elbo < log_p
    assert "samples for each image: 50; test images: 360" in " ".join(out.split())


def test_sample_writes_a_figure_and_the_same_images_as_an_array(tmp_path, capsys):
    main(["train", *QUICK, "--out", "r"])
    lines(capsys)
    assert main(["sample", "r", "--n", "5", "--seed", "3"]) == 0
    out, _ = lines(capsys)
    assert out.strip() == "r/figures/samples-seed3.png"
    images = np.load("r/figures/samples-seed3.npy")
    assert images.shape == (5, 8, 8)
    assert ((images >= 0) & (images <= 1)).all()


def test_a_finished_run_resumes_to_the_same_weights_and_can_go_on(tmp_path):
    main(["train", *QUICK, "--out", "r"])
    weights = (tmp_path / "r/model.safetensors").read_bytes()
    assert main(["train", "--resume", "r"]) == 0
    assert (tmp_path / "r/model.safetensors").read_bytes() == weights
    assert main(["train", "--resume", "r", "--epochs", "3"]) == 0
    main(["train", "--hidden", "16", "--epochs", "3", "--out", "s"])
    assert (tmp_path / "r/model.safetensors").read_bytes() == (
        tmp_path / "s/model.safetensors"
    ).read_bytes()


def test_runs_without_a_name_are_numbered_and_the_newest_is_resumed(tmp_path):
    main(["train", *QUICK])
    main(["train", *QUICK, "--seed", "1"])
    assert {p.name for p in (tmp_path / "runs").iterdir()} == {"vae-digits", "vae-digits-2"}
    assert main(["train", "--resume", "--epochs", "3"]) == 0
    assert "3" in (tmp_path / "runs/vae-digits-2/metrics.csv").read_text().splitlines()[-1][:1]


@pytest.mark.parametrize("mode", ["none", "static", "dynamic"])
def test_every_way_to_binarize_and_both_likelihoods_train(mode):
    assert main(["train", *QUICK, "--binarize", mode, "--out", "b"]) == 0
    assert (
        main(["train", *QUICK, "--binarize", mode, "--likelihood", "gaussian", "--out", "g"]) == 0
    )


def damaged_mnist(folder, content):
    (folder / "mnist").mkdir(parents=True)
    for name in ("train-images-idx3", "t10k-images-idx3", "train-labels-idx1", "t10k-labels-idx1"):
        (folder / "mnist" / f"{name}-ubyte.gz").write_bytes(content)


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"", "ubyte.gz"),
        (b"not gzip", "ubyte.gz"),
        (gzip.compress(b"\0\0\x08\x03" + bytes(30))[:-9], "ubyte.gz"),
        (gzip.compress(b"\0\0\x08\x03\0\0\0\1\0\0\0\2\0\0\0\2\1\2\3"), "ubyte.gz"),
    ],
)
def test_damaged_data_are_named_and_nothing_is_written(
    tmp_path, monkeypatch, capsys, content, what
):
    damaged_mnist(tmp_path / "d", content)
    monkeypatch.setenv("MINIVAE_DATA", str(tmp_path / "d"))
    assert main(["train", "--data", "mnist"]) == 1
    _, err = lines(capsys)
    assert err.count("\n") == 1
    assert what in err
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize(
    ("command", "status", "message"),
    [
        ("train vea", 1, "recipe 'vea' is unknown; did you mean 'vae'? choose one of linear-ae"),
        ("train --likelihood foo", 1, "likelihood 'foo' is unknown; choose one of bernoulli"),
        ("train --activation foo", 1, "activation 'foo' is unknown; choose one of elu"),
        ("train --binarize foo", 1, "binarize 'foo' is unknown; choose one of none"),
        ("train --data foo", 1, "data 'foo' does not suit vae; choose one of digits, mnist"),
        ("train --latent 0", 1, "latent must be at least 1, it is 0"),
        ("train --hidden 3 0", 1, "hidden must be at least 1, it is 0"),
        ("train --lr 0", 1, "lr must be a positive number, it is 0.0"),
        ("train --epochs 0", 1, "epochs must be at least 1, it is 0"),
        ("train --epochs 1 --steps 1", 2, "not allowed with argument --epochs"),
        ("train --hidden x", 2, "'x' is no whole number"),
        ("train --out taken", 1, "taken holds other files; choose another folder with --out"),
        ("train --out run", 1, "run holds a run already; add --resume"),
        ("train --resume nowhere", 1, "nowhere does not exist"),
        ("train --resume taken", 1, "taken is no run (it has no settings.json)"),
        ("train --resume", 1, "there is no run in runs to resume; start one with: minivae train"),
        ("train --resume run --latent 5", 1, "latent is 2 in this run and cannot become 5"),
        ("train --resume run --out other", 1, "name two folders; give one of them"),
        ("train --resume run", 1, "checkpoint.safetensors is gone: it cannot go on"),
        ("train --out taken/letter.txt", 1, "letter.txt is a file; choose a folder with --out"),
        ("train --out taken/letter.txt/x", 1, "cannot be made (File exists); choose another"),
        ("train --hidden 300,300", 2, "'300,300' is no whole number; separate several by spaces"),
        ("train --latent 1000000000 --out big", 1, "choose smaller --hidden or --latent"),
        ("train --latent 100000000000000000000 --out big", 1, "choose smaller --hidden or"),
        ("sample run --seed -1", 1, "seed must be 0 or more, it is -1"),
        ("evaluate nowhere", 1, "nowhere does not exist"),
        ("evaluate taken", 1, "taken is no run"),
        ("evaluate fresh", 1, "finish it with: minivae train --resume fresh"),
        ("evaluate run --samples 0", 1, "samples must be at least 1, it is 0"),
        ("evaluate run --limit 0", 1, "limit must be at least 1, it is 0"),
        ("evaluate broken", 1, "settings.json is damaged"),
        ("sample ae", 1, "is an autoencoder: it has no prior to sample from"),
        ("sample run --n 0", 1, "n must be at least 1, it is 0"),
        ("data foo", 1, "no data set of this name; known: digits, mnist"),
        ("foo", 2, "invalid choice: 'foo'"),
    ],
)
def test_errors_are_one_clear_line(tmp_path, capsys, command, status, message):
    from minivae.runs import RunFolder, Settings

    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "letter.txt").write_text("mine")
    RunFolder.open(tmp_path / "fresh", Settings.of())
    (RunFolder.open(tmp_path / "broken", Settings.of()).path / "settings.json").write_text("{")
    model = mv.models.VAE.mlp(64, (4,), 2, rng=np.random.default_rng(0))
    mv.save(model, RunFolder.open(tmp_path / "run", Settings.of()).weights)
    plain = mv.models.Autoencoder.mlp(64, (4,), 2, rng=np.random.default_rng(0))
    mv.save(plain, RunFolder.open(tmp_path / "ae", Settings.of(recipe="ae")).weights)
    assert exit_status(command) == status
    _, err = lines(capsys)
    assert message in err
    assert err.count("\n") == 1
    assert not (tmp_path / "big").exists()


def test_a_run_cannot_become_shorter_than_it_is(tmp_path, capsys):
    main(["train", *QUICK, "--out", "r"])
    before = (tmp_path / "r/settings.json").read_text()
    lines(capsys)
    assert main(["train", "--resume", "r", "--epochs", "1"]) == 1
    _, err = lines(capsys)
    assert "it has seen 30 updates already, more than the 15 asked for" in err
    assert (tmp_path / "r/settings.json").read_text() == before


def test_a_damaged_checkpoint_costs_a_complete_run_nothing(tmp_path, capsys):
    main(["train", *QUICK, "--out", "r"])
    checkpoint = tmp_path / "r/checkpoint.safetensors"
    checkpoint.write_bytes(checkpoint.read_bytes()[:100])
    before = {f: f.read_bytes() for f in tmp_path.rglob("*") if f.is_file()}
    lines(capsys)
    for more in ([], ["--epochs", "9"]):
        assert main(["train", "--resume", "r", *more]) == 1
        assert "is damaged" in lines(capsys)[1]
    assert {f: f.read_bytes() for f in tmp_path.rglob("*") if f.is_file()} == before


def test_settings_that_were_edited_do_not_fit_the_checkpoint(tmp_path, capsys):
    main(["train", *QUICK, "--out", "r"])
    settings = tmp_path / "r/settings.json"
    settings.write_text(settings.read_text().replace('"relu"', '"tanh"'))
    lines(capsys)
    assert main(["train", "--resume", "r"]) == 1
    _, err = lines(capsys)
    assert "does not fit this run: its recipe was" in err


def test_a_full_disk_is_one_line_that_says_how_to_go_on(tmp_path, monkeypatch, capsys):
    main(["train", *QUICK, "--out", "r"])
    lines(capsys)

    def full(_):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("os.fsync", full)
        assert main(["train", "--resume", "r", "--epochs", "3"]) == 1
        _, err = lines(capsys)
    last = err.splitlines()[-1]
    assert "failed (No space left on device)" in last
    assert last.endswith("go on with: minivae train --resume r")


def test_ctrl_c_while_drawing_says_how_to_go_on(monkeypatch, capsys):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("minivae.runs.job.figures_of", interrupted)
    assert main(["train", *QUICK, "--out", "r"]) == 130
    _, err = lines(capsys)
    assert err.splitlines()[-1].endswith("go on with: minivae train --resume r")


def test_no_network_is_one_line_with_the_mend(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for command in (["data", "mnist"], ["train", "--data", "mnist"]):
        assert main(command) == 1
        _, err = lines(capsys)
        assert err.count("\n") == 1
        assert "set MINIVAE_DATA=DIR" in err


def test_data_lists_what_is_there(capsys):
    assert main(["data"]) == 0
    out, _ = lines(capsys)
    assert "digits" in out
    assert "mnist" in out


def test_help_imports_nothing_heavy():
    code = (
        "import sys; from minivae.cli.main import main\n"
        "try: main(['train', '--help'])\n"
        "except SystemExit: pass\n"
        "heavy = {'numpy', 'numba', 'matplotlib', 'rich', 'sklearn', 'scipy'} & set(sys.modules)\n"
        "sys.exit(f'imported {heavy}' if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "--resume" in done.stdout
