// SPDX-License-Identifier: MIT
public import ArgumentParser
public import Quant

extension ExpertLayout: ExpressibleByArgument {}
