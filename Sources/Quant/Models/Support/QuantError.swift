// SPDX-License-Identifier: MIT
public import GGUF

/// Everything that can go wrong between a model and its quantized form.
public enum QuantError: Error, Equatable, Sendable {
  /// A file could not be read or written, or breaks its container's format.
  case file(FileError)
  /// A well-formed file whose content cannot be used: a recipe, text, importance matrix, manifest,
  /// configuration, vocabulary, state or model. `line` is 0 where there is none to name.
  case content(file: String, line: Int, what: String)
  /// A file that belongs to another model, text or job.
  case mismatch(file: String, what: String)
  /// A tensor whose shape or weights do not allow what was asked, or that the model needs and does not
  /// have. `place` says where in the tensor; it is empty for the whole.
  case tensor(name: String, place: String, expected: String, found: String)
  /// Something that the caller chose and that cannot be.
  case setting(Setting, what: String)
  /// Memory that activations need and may not take; they need less with less of the setting.
  case memory(Setting, what: String, neededBytes: Int, allowedBytes: Int)
  /// Something that this version, or this machine, cannot do.
  case unsupported(String)
  /// The task that did the work was cancelled. Long jobs ask between one unit of work and the next; what
  /// they keep for a later run is as after an interruption.
  case cancelled

  /// What callers choose. A program names its own option for it.
  public enum Setting: String, Sendable, CaseIterable {
    case preTokenizer = "the pre-tokenizer"
    case contextLength = "the context length"
    case batch = "the batch"
    case microBatch = "the micro-batch"
    case sequences = "the number of sequences"
    case keyType = "the type of cached keys"
    case valueType = "the type of cached values"
    case tensorPlacement = "the placement of tensors"
    case prunedLayers = "the layers to leave out"
    case denseExperts = "the experts of a dense model"
    case keptExperts = "the experts to keep"
    case windowLength = "the length of windows"
    case windowCount = "the number of windows"
    case layout = "the layout of experts"
    case requantizing = "quantizing again"
    case importance = "the importance matrix"
    case unfinishedOutput = "the unfinished output"
    case planTarget = "the target of the plan"
    case types = "the types to choose from"
    case metadata = "the metadata to set"
    case calibration = "the calibration"
  }
}

extension QuantError: CustomStringConvertible {
  /// One sentence: what, where, what was expected, what was found.
  public var description: String {
    switch self {
    case .file(let error):
      error.description
    case .content(let file, let line, let what):
      (file.isEmpty ? "" : "\(file): ") + (line > 0 ? "line \(line): \(what)" : what)
    case .mismatch(let file, let what):
      "\(file): \(what)"
    case .tensor(let name, let place, let expected, let found):
      "tensor \"\(name)\": \(place.isEmpty ? "" : "\(place): ")expected \(expected), found \(found)"
    case .setting(let setting, let what):
      "\(setting.rawValue): \(what)"
    case .memory(_, let what, let needed, let allowed):
      "\(what) \(needed) bytes of memory for activations, and \(allowed) are allowed"
    case .unsupported(let what):
      what
    case .cancelled:
      "the work was cancelled"
    }
  }
}

extension QuantError {
  /// A tensor of another shape than expected.
  package static func shape(tensor: String, expected: String, found: String) -> QuantError {
    .tensor(name: tensor, place: "", expected: expected, found: found)
  }

  /// Throws `cancelled` if the current task was cancelled; does nothing outside of tasks.
  package static func checkCancellation() throws(QuantError) {
    if Task.isCancelled { throw .cancelled }
  }

  /// Runs work on files, wrapping its errors.
  package static func wrapping<R>(_ body: () throws(FileError) -> R) throws(QuantError) -> R {
    do throws(FileError) {
      return try body()
    } catch {
      throw .file(error)
    }
  }
}
