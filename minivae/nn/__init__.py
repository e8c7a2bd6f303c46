"""Neural networks: modules, parameters, layers and how their weights begin."""

from minivae.nn.activations import ACTIVATIONS, activation_named
from minivae.nn.convolution import Conv2d, ConvTranspose2d
from minivae.nn.init import glorot_uniform
from minivae.nn.layers import MLP, Linear, Sequential
from minivae.nn.module import Module, Parameter
from minivae.nn.recurrent import GRU
from minivae.nn.reshape import Permute, Reshape, Rowwise
from minivae.nn.tied import TiedLinear

__all__ = [
    "ACTIVATIONS",
    "GRU",
    "MLP",
    "Conv2d",
    "ConvTranspose2d",
    "Linear",
    "Module",
    "Parameter",
    "Permute",
    "Reshape",
    "Rowwise",
    "Sequential",
    "TiedLinear",
    "activation_named",
    "glorot_uniform",
]
