// SPDX-License-Identifier: MIT

@_exported public import LocalFiles

// What this module shows of those below it.
@_exported public import struct BlockKernels.TensorType
