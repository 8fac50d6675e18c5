// One memory for weights and what lies between the layers: WebAssembly multiplies matrices in it,
// and JavaScript sees the same numbers as arrays.

const PAGE = 65536;

// A place for `length` numbers; `values` is there once the memory is open.
class Place {
  constructor(at, length) {
    Object.assign(this, { at, length, values: null });
  }
}

export class Memory {
  constructor() {
    this.end = 0;
    this.places = [];
  }

  reserve(length) {
    const place = new Place(this.end, length);
    this.end += 16 * Math.ceil(length / 4);
    this.places.push(place);
    return place;
  }

  // Lay out all that was reserved. Without `module`, or where a browser cannot run it, matrices are
  // multiplied in JavaScript.
  open(module) {
    const memory = new WebAssembly.Memory({ initial: Math.max(1, Math.ceil(this.end / PAGE)) });
    for (const place of this.places) {
      place.values = new Float32Array(memory.buffer, place.at, place.length);
    }
    this.multiply = slowly;
    if (!module) return;
    const { multiply } = new WebAssembly.Instance(module, { page: { memory } }).exports;
    this.multiply = (a, b, c, rows, inner, panels) =>
      multiply(a.at, b.at, c.at, rows, inner, panels);
  }
}

// c += a b, as in matmul.wat.
function slowly(a, b, c, rows, inner, panels) {
  const [left, right, sum] = [a.values, b.values, c.values];
  const eight = new Float64Array(8);
  for (let panel = 0; panel < panels; panel++) {
    for (let row = 0; row < rows; row++) {
      eight.fill(0);
      let from = 8 * panel * inner;
      for (let k = row * inner; k < (row + 1) * inner; k++) {
        for (let i = 0; i < 8; i++) eight[i] += left[k] * right[from++];
      }
      const to = 8 * (row * panels + panel);
      for (let i = 0; i < 8; i++) sum[to + i] += eight[i];
    }
  }
}
