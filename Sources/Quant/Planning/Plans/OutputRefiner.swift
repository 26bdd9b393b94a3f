// SPDX-License-Identifier: MIT
package import QuantModels

/// Changes an output when all of it is written, before its files get their names.
///
/// A run that is cut off meanwhile is continued by the next: what the refiner noted of an output is there
/// again (`UnfinishedOutput.notes`), and bytes that it says are as it left them are not written anew.
package protocol OutputRefiner: AnyObject, Sendable {
  /// Adds all that its changes depend on, beside the plan: an unfinished output of another job is refused.
  func add(to fingerprint: inout Fingerprint) throws(QuantError)

  /// Takes up what earlier runs noted; called before slabs are written.
  func resume(_ output: UnfinishedOutput) throws(QuantError)

  /// The bytes of a tensor of the plan that it has changed and that are as it left them: ranges from the
  /// start of the tensor, in order, none overlapping.
  func changedBytes(ofTensor index: Int) -> [Range<Int>]

  /// Changes the output; called once, when everything else of it is written.
  func refine(_ output: UnfinishedOutput) throws(QuantError)

  /// Lets go of the output, which the next run may need; called at the end of a run, however it ends.
  func release()
}
