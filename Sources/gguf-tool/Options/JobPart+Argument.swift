// SPDX-License-Identifier: MIT
public import ArgumentParser
public import Quant

extension JobPart: ExpressibleByArgument {
  /// Reads `k/n`.
  public init?(argument: String) { self.init(argument) }
}
