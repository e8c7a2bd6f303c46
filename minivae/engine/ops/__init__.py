"""The operations, and the functions that are composed of them.

In reading order: choice, exponential, arithmetic, activations, shape, indexing, joining,
reductions, softmax, products, triangular, einsum, linear, channels, convolution, densities,
penalties, recurrent.

Where there is no derivative, or a careless formula would give NaN, this is what is taken:

========================== ============================== =======================================
operation                  where                          slope
========================== ============================== =======================================
relu, absolute, sign       0                              0
leaky_relu, elu            0                              that of the left side: a; 1
maximum, minimum           two equal                      half to each
max, min, norm (inf)       several equal                  shared equally
these five                 NaN among the entries          0
clip                       on a limit                     ½ (¼ where both limits are equal)
sqrt, x**y for 0 < y < 1   0 (the slope is infinite)      0
norm, std                  0                              0, and all higher derivatives
x**0                       0 (the value is 1)             0, in x and in the exponent
0**y                       in y, for y ≥ 0                0
gelu                       inf; -inf                      1; 0 (in reverse mode)
prod                       zeros among the factors        the product of the others
logsumexp, logaddexp       equal entries, both infinite   shared equally
softmax, log_softmax       infinite entries               those of the limit, where there is one
where                      the branch not taken           0, unless its own slope is infinite there
divide, log, x**y, y < 0   0                              none: infinite, as the value
========================== ============================== =======================================
"""

from minivae.engine.ops.activations import (
    elu,
    gelu,
    leaky_relu,
    log_sigmoid,
    relu,
    sigmoid,
    softplus,
    tanh,
)
from minivae.engine.ops.arithmetic import (
    add,
    astype,
    divide,
    multiply,
    negative,
    power,
    square,
    subtract,
)
from minivae.engine.ops.channels import channel_bias
from minivae.engine.ops.choice import absolute, clip, maximum, minimum, sign, where
from minivae.engine.ops.convolution import conv2d, conv_transpose2d
from minivae.engine.ops.densities import (
    bernoulli_nll,
    gaussian_kl,
    gaussian_kl_full,
    gaussian_kl_isotropic,
    gaussian_nll,
    reparameterize,
)
from minivae.engine.ops.einsum import einsum
from minivae.engine.ops.exponential import cos, erf, exp, expm1, log, log1p, sin, sqrt
from minivae.engine.ops.indexing import (
    diagonal,
    flip,
    getitem,
    pad,
    split,
    take_along_axis,
    tril,
)
from minivae.engine.ops.joining import concatenate, stack
from minivae.engine.ops.linear import dense, linear
from minivae.engine.ops.penalties import contraction_penalty, sparsity_penalty
from minivae.engine.ops.products import matmul, outer
from minivae.engine.ops.recurrent import gru_cell
from minivae.engine.ops.reductions import cumsum, max, mean, min, norm, prod, std, sum, var
from minivae.engine.ops.shape import (
    broadcast_to,
    expand_dims,
    reshape,
    squeeze,
    swapaxes,
    transpose,
)
from minivae.engine.ops.softmax import log_softmax, logaddexp, logsumexp, softmax
from minivae.engine.ops.triangular import solve_triangular

__all__ = [
    "absolute",
    "add",
    "astype",
    "bernoulli_nll",
    "broadcast_to",
    "channel_bias",
    "clip",
    "concatenate",
    "contraction_penalty",
    "conv2d",
    "conv_transpose2d",
    "cos",
    "cumsum",
    "dense",
    "diagonal",
    "divide",
    "einsum",
    "elu",
    "erf",
    "exp",
    "expand_dims",
    "expm1",
    "flip",
    "gaussian_kl",
    "gaussian_kl_full",
    "gaussian_kl_isotropic",
    "gaussian_nll",
    "gelu",
    "getitem",
    "gru_cell",
    "leaky_relu",
    "linear",
    "log",
    "log1p",
    "log_sigmoid",
    "log_softmax",
    "logaddexp",
    "logsumexp",
    "matmul",
    "max",
    "maximum",
    "mean",
    "min",
    "minimum",
    "multiply",
    "negative",
    "norm",
    "outer",
    "pad",
    "power",
    "prod",
    "relu",
    "reparameterize",
    "reshape",
    "sigmoid",
    "sign",
    "sin",
    "softmax",
    "softplus",
    "solve_triangular",
    "sparsity_penalty",
    "split",
    "sqrt",
    "square",
    "squeeze",
    "stack",
    "std",
    "subtract",
    "sum",
    "swapaxes",
    "take_along_axis",
    "tanh",
    "transpose",
    "tril",
    "var",
    "where",
]
