// What the scripts of a page share: one global object, to which each script adds its part.

/** A network as data/networks.js holds it; see report/play/networks.py. */
type PackedNetwork = RunnableNetwork | { title: string; cannot: string };
interface RunnableNetwork {
  title: string;
  side: number;
  mean: number;
  std: number;
  layers: { name: string; kind: "linear" | "conv"; padding?: number; shape: number[]; weight: string; bias: string }[];
  reference: { images: string[]; logits: number[][] };
}

interface InsideMNIST {
  data: { networks?: Record<string, PackedNetwork>; [name: string]: any };
  networks(): Map<string, Network>;
  unusable(): Map<string, string>;
  forward(network: Network, pixels: Float32Array, options?: { scales?: Scales; fixed?: Fixed }): Reading;
  gradient(
    network: Network,
    pixels: Float32Array,
    options: { scales?: Scales; fixed?: Fixed; target: { hook: string; index: number } },
  ): Float32Array;
  softmax(logits: Float32Array): Float32Array;
  [part: string]: any;
}

declare var InsideMNIST: InsideMNIST;
interface Window {
  InsideMNIST: any; // each script begins with: window.InsideMNIST ??= {};
}
