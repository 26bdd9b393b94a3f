// SPDX-License-Identifier: MIT

// One import for everything that the library does: see the folders beside this file.
@_exported public import BlockFormats
@_exported public import GGUF
@_exported public import QuantCalibration
@_exported public import QuantEvaluation
@_exported public import QuantMemory
@_exported public import QuantModels
@_exported public import QuantPlanning
@_exported public import QuantTuning
