// SPDX-License-Identifier: MIT

/// From errors to divergences.
extension SensitivityMeasurement {
  func estimate() {
    for index in units.indices {
      guard let probe = units[index].probe, probe.error > 0 else { continue }
      let factor = probe.divergence / probe.error
      for type in types.indices {
        guard let error = units[index].errors[type] else { continue }
        units[index].divergences[type] = (units[index].divergences[type] ?? 0) + factor * error
      }
    }
  }
}
