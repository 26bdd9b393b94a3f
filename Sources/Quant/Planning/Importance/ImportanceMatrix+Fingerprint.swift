// SPDX-License-Identifier: MIT
package import QuantModels

extension ImportanceMatrix {
  /// Adds all that encoders are told to a fingerprint.
  package func add(to fingerprint: inout Fingerprint) {
    for entry in entries {
      fingerprint.add(entry.name)
      for expert in 0..<entry.expertCount {
        for value in entry.values(expert: expert) ?? [] { fingerprint.add(Int(value.bitPattern)) }
      }
    }
  }
}
