// SPDX-License-Identifier: MIT
package import ArgumentParser
package import Quant

extension QuantError {
  /// The error in words, with options of the command that ran; with none before there was one.
  package func sentence(in command: (any ParsableCommand.Type)?) -> String {
    let settings = (command as? any SettingOptions.Type)?.settings ?? [:]
    switch self {
    case .setting(let setting, let what):
      switch settings[setting] {
      case .option(let name): return "\(name): \(what)"
      case .hint(let hint): return what + hint
      case nil: return description
      }
    case .memory(let setting, let what, let needed, let allowed):
      // Whatever evaluates has `ComputeOptions`.
      let sentence =
        "\(what) \(needed) bytes of memory for activations, and --memory allows \(allowed)"
      guard case .hint(let hint) = settings[setting], let less = setting.less else {
        return sentence
      }
      return "\(sentence): take \(less)\(hint)"
    default:
      return description
    }
  }
}

extension QuantError {
  /// Whether the value of an option is wrong, whatever the files hold.
  func isOfOption(in command: any ParsableCommand.Type) -> Bool {
    switch self {
    case .content(let file, _, _): return file.hasPrefix("--")
    case .setting(let setting, _):
      let settings = (command as? any SettingOptions.Type)?.settings ?? [:]
      guard case .option = settings[setting] else { return false }
      return true
    default: return false
    }
  }
}

extension QuantError.Setting {
  /// Less of it, where less needs less memory.
  fileprivate var less: String? {
    switch self {
    case .windowLength: "shorter windows"
    case .windowCount: "fewer windows"
    default: nil
    }
  }
}
