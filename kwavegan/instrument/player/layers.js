// The layers with weights: products of matrices, and transposed convolutions made of one.

export function relu(values) {
  for (let i = 0; i < values.length; i++) if (values[i] < 0) values[i] = 0;
}

// Keep the root mean square of each frame of `wide` values below a limit, softly.
export function limitRms(values, wide, limit) {
  for (let at = 0; at < values.length; at += wide) {
    let squares = 0;
    for (let i = at; i < at + wide; i++) squares += values[i] ** 2;
    const factor = 1 / Math.sqrt(1 + squares / wide / limit ** 2);
    for (let i = at; i < at + wide; i++) values[i] *= factor;
  }
}

// A product with a matrix of weights, and a bias. Its result has rows of `wide` numbers, of which
// the first `columns` count.
export class Product {
  constructor(memory, { inner, columns, matrix, bias }, rows) {
    const panels = Math.ceil(columns / 8);
    Object.assign(this, { memory, inner, columns, rows, panels, wide: 8 * panels, at: matrix, bias });
    this.matrix = memory.reserve(inner * this.wide);
    this.y = memory.reserve(rows * this.wide);
  }

  load(blob) {
    this.matrix.values.set(blob.subarray(this.at, this.at + this.inner * this.wide));
    this.start = blob.slice(this.bias, this.bias + this.columns);
  }

  // Return x (rows, inner), a place, times the matrix, plus the bias.
  run(x) {
    const { values } = this.y;
    for (let row = 0; row < this.rows; row++) {
      values.set(this.start, row * this.wide);
      values.fill(0, row * this.wide + this.columns, (row + 1) * this.wide);
    }
    this.memory.multiply(x, this.matrix, this.y, this.rows, this.inner, this.panels);
    return this.y;
  }
}

// A transposed convolution: the product gives what each frame adds to the samples around it, and
// the samples are sums of those.
export class Up {
  constructor(memory, description, frames) {
    const { stride, filters, before, bias } = description;
    Object.assign(this, { stride, filters, before, bias });
    // The bias comes in once, with the sums: the product has none.
    this.product = new Product(memory, { ...description, bias: 0 }, frames);
    this.frames = frames * stride;
    this.y = memory.reserve(this.frames * filters);
  }

  load(blob) {
    this.product.load(blob);
    this.product.start.fill(0);
    this.start = blob.slice(this.bias, this.bias + this.filters);
  }

  run(x) {
    const { product, filters } = this;
    const step = this.stride * filters;
    const out = this.y.values;
    for (let i = 0; i < out.length; i += filters) out.set(this.start, i);
    const parts = product.run(x).values;
    for (let frame = 0; frame < product.rows; frame++) {
      const to = frame * step - this.before * filters;
      const first = Math.max(0, -to);
      const last = Math.min(product.columns, out.length - to);
      const from = frame * product.wide;
      for (let i = first; i < last; i++) out[to + i] += parts[from + i];
    }
    return this.y;
  }
}
