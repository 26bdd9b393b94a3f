// SPDX-License-Identifier: MIT
import ArgumentParser

extension ModelSection: EnumerableFlag {
  static func help(for value: ModelSection) -> ArgumentHelp? {
    switch value {
    case .summary: "Show a summary of the model."
    case .types: "Show the types and their shares of the model."
    case .experts: "Show the experts layer by layer."
    case .layers: "Show the tensors, with identical layers grouped."
    case .files: "Show the files of a split model."
    case .metadata: "Show the metadata keys and values."
    case .tensors: "Show the tensors one by one."
    }
  }
}
