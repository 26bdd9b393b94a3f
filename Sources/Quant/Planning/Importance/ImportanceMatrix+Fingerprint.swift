// SPDX-License-Identifier: MIT
package import QuantModels

extension ImportanceMatrix {
  /// Adds all that encoders are told to a fingerprint.
  package func mark(_ mark: inout Fingerprint) {
    for entry in entries {
      mark.add(entry.name)
      for expert in 0..<entry.expertCount {
        for value in entry.values(expert: expert) ?? [] { mark.add(Int(value.bitPattern)) }
      }
    }
  }
}
