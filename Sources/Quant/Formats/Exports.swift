// SPDX-License-Identifier: MIT

// The formats themselves lie below the builds of their kernels for each CPU; users need one import.
@_exported public import BlockKernels
