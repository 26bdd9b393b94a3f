// SPDX-License-Identifier: MIT
import Foundation

#if canImport(FoundationXML)
  import FoundationXML
#endif

/// The elements of a page, as a strict parser of XML finds them.
final class PageElements: NSObject, XMLParserDelegate {
  struct Element {
    let name: String
    let attributes: [String: String]
    /// The text in it, without that of the elements in it.
    var text = ""
  }

  private(set) var all: [Element] = []
  private(set) var isWellFormed = false
  private var open: [Int] = []

  init(_ page: String) {
    super.init()
    let parser = XMLParser(data: Data(page.utf8))
    parser.delegate = self
    isWellFormed = parser.parse() && open.isEmpty
  }

  func named(_ name: String) -> [Element] { all.filter { $0.name == name } }

  /// Elements that have a class among theirs.
  func ofClass(_ name: String) -> [Element] {
    all.filter { $0.attributes["class", default: ""].split(separator: " ").contains(name[...]) }
  }

  func parser(
    _ parser: XMLParser, didStartElement name: String, namespaceURI: String?,
    qualifiedName: String?, attributes: [String: String]
  ) {
    open.append(all.count)
    all.append(Element(name: name, attributes: attributes))
  }

  func parser(
    _ parser: XMLParser, didEndElement name: String, namespaceURI: String?, qualifiedName: String?
  ) { open.removeLast() }

  func parser(_ parser: XMLParser, foundCharacters text: String) {
    if let last = open.last { all[last].text += text }
  }
}
