"""The measures: arrays, or a network and images, go in; numbers come out. Each is held against an oracle."""
