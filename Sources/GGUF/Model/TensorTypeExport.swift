// SPDX-License-Identifier: MIT

// What a tensor's bytes mean is the formats' to say; files name their numbers.
@_exported public import struct BlockKernels.TensorType
