// SPDX-License-Identifier: MIT
public import GGUF

/// Everything that can go wrong between a model and its quantized form.
public enum QuantError: Error, Equatable, Sendable {
  /// The container could not be read or written.
  case container(FileError)
  /// A tensor whose shape does not allow what was asked.
  case shape(tensor: String, expected: String, found: String)
  /// A tensor that the model needs and does not have.
  case missingTensor(file: String, name: String)
  /// Weights that cannot be used, such as NaN.
  case weights(tensor: String, what: String)
  /// A line of a recipe file, or a rule of the command line (`line` 0), that cannot be understood.
  case recipe(file: String, line: Int, message: String)
  /// An importance matrix that cannot be read or does not fit the model.
  case importance(file: String, what: String)
  /// A text for evaluation that cannot be read; `line` is 0 where there is none to name.
  case corpus(file: String, line: Int, what: String)
  /// A line of a list of hashes that cannot be understood.
  case manifest(file: String, line: Int, what: String)
  /// A vocabulary whose metadata cannot be used.
  case vocabulary(file: String, key: String, expected: String, found: String)
  /// A machine, configuration or model that memory cannot be estimated for; `line` is 0 where there is
  /// none to name.
  case estimate(file: String, line: Int, what: String)
  /// Something well-formed that this version cannot do, or that was asked for by mistake.
  case unsupported(String)
}

extension QuantError: CustomStringConvertible {
  /// One sentence: what, where, what was expected, what was found.
  public var description: String {
    switch self {
    case .container(let error):
      error.description
    case .shape(let tensor, let expected, let found):
      "tensor \"\(tensor)\": expected \(expected), found \(found)"
    case .missingTensor(let file, let name):
      "\(file): expected a tensor \"\(name)\", found none"
    case .weights(let tensor, let what):
      "tensor \"\(tensor)\": \(what)"
    case .recipe(let file, let line, let message):
      line > 0 ? "\(file): line \(line): \(message)" : "\(file): \(message)"
    case .importance(let file, let what):
      "\(file): \(what)"
    case .corpus(let file, let line, let what):
      line > 0 ? "\(file): line \(line): \(what)" : "\(file): \(what)"
    case .manifest(let file, let line, let what):
      "\(file): line \(line): \(what)"
    case .estimate(let file, let line, let what):
      line > 0 ? "\(file): line \(line): \(what)" : "\(file): \(what)"
    case .vocabulary(let file, let key, let expected, let found):
      "\(file): \(key): expected \(expected), found \(found)"
    case .unsupported(let what):
      what
    }
  }
}

extension QuantError {
  /// Runs container work, wrapping its errors.
  package static func wrapping<R>(_ body: () throws(FileError) -> R) throws(QuantError) -> R {
    do throws(FileError) {
      return try body()
    } catch {
      throw .container(error)
    }
  }
}
