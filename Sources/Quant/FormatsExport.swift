// SPDX-License-Identifier: MIT

// Formats are part of what `import Quant` offers.
@_exported public import BlockFormats
@_exported public import BlockKernels
