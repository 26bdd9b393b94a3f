public enum BlockKernelsPlaceholder {}
