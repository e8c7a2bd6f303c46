"""Small sequence models, all strings there are, and their recurrences written out in NumPy."""

from itertools import product

import numpy as np

from minivae.models import SequenceVAE

KINDS = {
    "strings": {"symbols": 3, "end": 1},
    "waves": {"likelihood": "gaussian", "sigma": 0.7},
}


def build(kind="strings", seed=0, scale=0.9, **choices):
    """A small model whose weights and biases are all random."""
    rng = np.random.default_rng(seed)
    arguments = {"data_dim": 3, "hidden": 4, "latent": 2, "dtype": "float64"}
    model = SequenceVAE.gru(**(arguments | KINDS[kind] | choices), rng=rng)
    for parameter in model.parameters():
        parameter.data[...] = scale * rng.standard_normal(parameter.shape)
    return model


def data(model, n=5, seed=1):
    """Random sequences; strings end anywhere or nowhere."""
    rng = np.random.default_rng(seed)
    if hasattr(model.likelihood, "size"):
        return rng.integers(0, model.likelihood.size, (n, model.data_dim))
    return rng.standard_normal((n, model.data_dim)).astype(model.dtype)


def condition(model, n=5, seed=4):
    if not model.condition:
        return None
    return np.random.default_rng(seed).standard_normal((n, model.condition))


def all_strings(size, length, end):
    """Every string of at most ``length`` symbols, filled up with end symbols: each once."""
    strings = []
    for codes in product(range(size), repeat=length):
        first = codes.index(end) if end in codes else length
        if all(code == end for code in codes[first:]):
            strings.append(codes)
    return np.array(strings)


def gru(w, name, inputs, h):
    """States of one sequence by the recurrence."""
    W, b, U, c = (w[f"{name}.gru.{part}"] for part in ("weight_x", "bias_x", "weight_h", "bias_h"))
    states = []
    for x_t in inputs:
        (a1, a2, a3), (u1, u2, u3) = np.split(W @ x_t + b, 3), np.split(U @ h + c, 3)
        r, z = 1 / (1 + np.exp(-a1 - u1)), 1 / (1 + np.exp(-a2 - u2))
        h = (1 - z) * np.tanh(a3 + r * u3) + z * h
        states.append(h)
    return np.array(states)


def read(model, step):
    """Numbers for one step, of which None is one that is not to be read."""
    if not hasattr(model.likelihood, "size"):
        return [0.0 if step is None else step]
    one_hot = np.zeros(model.likelihood.size + 1)
    one_hot[model.likelihood.size if step is None else step] = 1
    return one_hot


def encoded(model, x, y=()):
    """Outputs of the encoder for one sequence, of which only the steps that count are given."""
    w = model.state_dict()
    inputs = [np.concatenate([read(model, step), y]) for step in x]
    state = gru(w, "encoder", inputs, np.zeros(w["encoder.gru.weight_h"].shape[1]))[-1]
    return w["encoder.output.weight"] @ state + w["encoder.output.bias"]


def predicted(model, before, z):
    """Outputs (T, outputs) of the decoder for one code (with the condition beside it).

    ``before`` are the steps that it reads before each prediction.
    """
    w = model.state_dict()
    h = np.tanh(w["decoder.start.weight"] @ z + w["decoder.start.bias"])
    inputs = [np.concatenate([read(model, step), z]) for step in before]
    states = gru(w, "decoder", inputs, h)
    return states @ w["decoder.output.weight"].T + w["decoder.output.bias"]


def log_p(model, x, z, unread=()):
    """Return log p(x|z) of one sequence, one step after the other, each read up to there only."""
    total = 0.0
    for t in range(len(x)):
        past = [None if i in unread else step for i, step in enumerate(x[:t])]
        if hasattr(model.likelihood, "size"):
            h = predicted(model, [model.likelihood.end, *past], z)[-1]
            total += h[x[t]] - np.log(np.sum(np.exp(h)))
            if x[t] == model.likelihood.end:
                break
        else:
            h = predicted(model, [None, *past], z)[-1, 0]
            sigma = model.likelihood.sigma
            total += -0.5 * ((x[t] - h) / sigma) ** 2 - np.log(sigma * np.sqrt(2 * np.pi))
    return total
