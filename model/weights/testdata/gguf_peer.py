"""Writes the numbers of the tensors of a GGUF file, as float32, in the order of their names."""
import sys

import numpy
from gguf import GGUFReader
from gguf.quants import dequantize

skipped = {"I8", "I16", "I32", "I64", "F64"}
for tensor in sorted(GGUFReader(sys.argv[1]).tensors, key=lambda t: t.name.encode()):
    if tensor.tensor_type.name in skipped:
        continue
    numbers = dequantize(tensor.data, tensor.tensor_type)
    sys.stdout.buffer.write(numpy.ascontiguousarray(numbers, dtype="<f4").tobytes())
