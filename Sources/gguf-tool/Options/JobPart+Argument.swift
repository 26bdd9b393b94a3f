// SPDX-License-Identifier: MIT
import ArgumentParser
import Quant

extension JobPart {
  /// Reads `k/n` from the command line.
  static func argument(_ text: String) throws -> JobPart {
    guard let part = JobPart(text) else {
      throw ValidationError("expected k/n with n up to \(most) and k from 1 to n, such as 2/4")
    }
    return part
  }
}
