// SPDX-License-Identifier: MIT
import Quant

/// What `inspect` shows of several files: models side by side, or one file after the other.
struct InspectedFiles: Encodable {
  /// What came of one file.
  enum File: Encodable {
    case view(any InspectView)
    case failure(path: String, error: String)

    private enum Keys: String, CodingKey { case path, error }

    /// Writes the object that the file alone would give, or `{"path": …, "error": …}`.
    func encode(to encoder: any Encoder) throws {
      switch self {
      case .view(let view): try view.encode(to: encoder)
      case .failure(let path, let error):
        var container = encoder.container(keyedBy: Keys.self)
        try container.encode(path, forKey: .path)
        try container.encode(error, forKey: .error)
      }
    }
  }

  /// The files, in the order in which they were named.
  let files: [File]

  /// Writes the result.
  ///
  /// - Parameters:
  ///   - isJSON: Whether it is for programs.
  ///   - isCompared: Whether models stand side by side.
  /// - Throws: `Output.Failure` if standard output cannot be written.
  func write(isJSON: Bool, isCompared: Bool) throws {
    if isJSON { return try JSONOutput.write(self) }
    var report = Report()
    var views = files.compactMap { file in
      if case .view(let view) = file { view } else { nil }
    }
    let models = views.compactMap { ($0 as? ModelView)?.model }
    if isCompared, models.count > 1 {
      report.add(models)
      views.removeAll { $0 is ModelView }
    }
    for view in views {
      if !view.namesFile { report.section(view.path) }
      view.add(to: &report)
    }
    try report.write()
  }

  /// The errors, a sentence each.
  var errors: [String] {
    files.compactMap { file in
      if case .failure(_, let error) = file { error } else { nil }
    }
  }
}
