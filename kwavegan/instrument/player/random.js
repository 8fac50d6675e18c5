// Normal numbers as NumPy draws them: PCG64, and the ziggurat of Marsaglia and Tsang (2000).
//
// Noise and tones of a generator are drawn from tables of several million such numbers. To draw
// them again takes a fraction of a second; to store them would double the page.

const LAYERS = 256;
const EDGE = 3.6541528853610088; // where the last layer begins
const AREA = 0.00492867323399; // of each layer
const WORDS = 4096; // drawn at a time
const SCALE = 2 ** 52;

const density = (x) => Math.exp(-0.5 * x * x);

// Edges, heights and the shares of a layer that lie below the curve, all of it.
function ziggurat() {
  const widths = new Float64Array(LAYERS);
  const heights = new Float64Array(LAYERS);
  const inside = new Float64Array(LAYERS);
  widths[LAYERS - 1] = EDGE;
  for (let i = LAYERS - 2; i > 0; i--) {
    const x = widths[i + 1];
    widths[i] = Math.sqrt(-2 * Math.log(AREA / x + density(x)));
  }
  widths[0] = AREA / density(EDGE);
  for (let i = 0; i < LAYERS; i++) heights[i] = i ? density(widths[i]) : 1;
  inside[0] = (EDGE / widths[0]) * SCALE;
  for (let i = 2; i < LAYERS; i++) inside[i] = (widths[i - 1] / widths[i]) * SCALE;
  return { widths: widths.map((x) => x / SCALE), heights, inside };
}

// A generator of NumPy's, from its state on: `state` is four words of 16 hexadecimal digits, the
// low and the high one of state and increment.
export class Normals {
  constructor(state, module) {
    this.wasm = new WebAssembly.Instance(module).exports;
    const words = new BigUint64Array(this.wasm.memory.buffer, 0, 4);
    state.forEach((word, i) => (words[i] = BigInt("0x" + word)));
    this.wasm.seed();
    this.words = new Uint32Array(this.wasm.memory.buffer, 0, 2 * WORDS);
    this.at = this.words.length;
    Object.assign(this, ziggurat());
  }

  refill() {
    this.wasm.fill(WORDS);
    this.at = 0;
  }

  uniform() {
    if (this.at === this.words.length) this.refill();
    const low = this.words[this.at++];
    const high = this.words[this.at++];
    return (high * 2097152 + (low >>> 11)) / 2 ** 53;
  }

  next() {
    const { widths, heights, inside, words } = this;
    for (;;) {
      if (this.at === words.length) this.refill();
      const low = words[this.at++];
      const high = words[this.at++];
      const layer = low & 255;
      const bits = (low >>> 9) + (high & 0x1fffffff) * 8388608;
      const x = low & 256 ? -bits * widths[layer] : bits * widths[layer];
      if (bits < inside[layer]) return x;
      if (layer === 0) {
        const tail = this.tail();
        return low & 0x20000 ? -tail : tail;
      }
      const share = this.uniform();
      if ((heights[layer - 1] - heights[layer]) * share + heights[layer] < density(x)) return x;
    }
  }

  tail() {
    for (;;) {
      const x = -Math.log1p(-this.uniform()) / EDGE;
      const y = -Math.log1p(-this.uniform());
      if (y + y > x * x) return EDGE + x;
    }
  }
}
