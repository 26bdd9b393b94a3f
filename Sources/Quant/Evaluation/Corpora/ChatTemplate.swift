// SPDX-License-Identifier: MIT

/// One message of a conversation.
struct ChatMessage {
  /// `system`, `user`, `assistant`, or what else a file says.
  var role = ""
  /// The text.
  var content = ""
}

/// The ways to write a conversation as text that are known: those of common model families.
///
/// A model's file holds a template in a language of its own, which is not run: the template is recognised
/// by the tokens in it, as llama.cpp's built-in templates are.
public enum ChatTemplate: String, Sendable, CaseIterable {
  case chatml, llama3, gemma, phi3, phi4, granite, glm4
  case deepseek3, commandR = "command-r"

  /// Recognises a model's template; `nil` for one that is not known.
  ///
  /// - Parameter text: What the key `tokenizer.chat_template` holds.
  public init?(template text: String) {
    func has(_ words: String...) -> Bool { words.allSatisfy(text.contains) }
    if has("<|im_sep|>", "<|im_start|>") {
      self = .phi4
    } else if has("<|im_start|>", "<|im_end|>") {
      self = .chatml
    } else if has("<|start_header_id|>", "<|eot_id|>") {
      self = .llama3
    } else if has("<start_of_turn>", "<end_of_turn>") {
      self = .gemma
    } else if has("<|start_of_role|>", "<|end_of_role|>") {
      self = .granite
    } else if has("[gMASK]<sop>", "<|user|>") {
      self = .glm4
    } else if has("<|assistant|>", "<|end|>") {
      self = .phi3
    } else if has("<｜User｜>", "<｜Assistant｜>") {
      self = .deepseek3
    } else if has("<|START_OF_TURN_TOKEN|>", "<|USER_TOKEN|>") {
      self = .commandR
    } else {
      return nil
    }
  }

  /// Writes a conversation; `nil` if it has a role that the template does not.
  func text(of messages: [ChatMessage]) -> String? {
    guard messages.allSatisfy({ hasRole($0.role) }) else { return nil }
    switch self {
    case .gemma: return gemma(messages)
    case .glm4: return "[gMASK]<sop>" + messages.map(text).joined()
    default: return messages.map(text).joined()
    }
  }

  private func hasRole(_ role: String) -> Bool {
    let isCommon = ["system", "user", "assistant"].contains(role)
    switch self {
    // The role's name is written as it is.
    case .chatml, .granite, .llama3: return isCommon || role == "tool"
    default: return isCommon
    }
  }

  private func text(_ message: ChatMessage) -> String {
    let (role, content) = (message.role, message.content)
    switch self {
    case .chatml: return "<|im_start|>\(role)\n\(content)<|im_end|>\n"
    case .phi4: return "<|im_start|>\(role)<|im_sep|>\(content)<|im_end|>"
    case .llama3:
      return "<|start_header_id|>\(role)<|end_header_id|>\n\n\(Self.trimmed(content))<|eot_id|>"
    case .phi3: return "<|\(role)|>\n\(content)<|end|>\n"
    case .granite: return "<|start_of_role|>\(role)<|end_of_role|>\(content)<|end_of_text|>\n"
    case .glm4: return "<|\(role)|>\n\(content)"
    case .deepseek3: return deepseek(role, content)
    case .commandR: return commandR(role, Self.trimmed(content))
    case .gemma: return ""
    }
  }

  private func deepseek(_ role: String, _ content: String) -> String {
    switch role {
    case "system": content
    case "user": "<｜User｜>\(content)"
    default: "<｜Assistant｜>\(content)<｜end▁of▁sentence｜>"
    }
  }

  private func commandR(_ role: String, _ content: String) -> String {
    let names = ["system": "SYSTEM", "user": "USER"]
    let name = names[role] ?? "CHATBOT"
    return "<|START_OF_TURN_TOKEN|><|\(name)_TOKEN|>\(content)<|END_OF_TURN_TOKEN|>"
  }

  /// Gemma has no system role: its text goes before the next message's.
  private func gemma(_ messages: [ChatMessage]) -> String {
    var (text, system) = ("", "")
    for message in messages {
      let content = Self.trimmed(message.content)
      guard message.role != "system" else {
        system += content + "\n\n"
        continue
      }
      let role = message.role == "assistant" ? "model" : message.role
      text += "<start_of_turn>\(role)\n\(system)\(content)<end_of_turn>\n"
      system = ""
    }
    return text
  }

  private static func trimmed(_ text: String) -> String {
    let isSpace = { (scalar: Unicode.Scalar) in scalar.properties.isWhitespace }
    var rest = text.unicodeScalars.drop(while: isSpace)
    while let last = rest.last, isSpace(last) { rest.removeLast() }
    return String(rest)
  }
}
