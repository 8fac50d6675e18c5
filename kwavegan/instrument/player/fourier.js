// Inverse Fourier transforms, and sines by table.

const TABLE = 4096;
const SINES = Float64Array.from({ length: 1.25 * TABLE + 2 }, (_, i) => Math.sin((2 * Math.PI * i) / TABLE));

// Sine and cosine of so many turns, 0 to 1, to 3e-7.
export function sine(turns) {
  const place = turns * TABLE;
  const i = place | 0;
  return SINES[i] + (SINES[i + 1] - SINES[i]) * (place - i);
}

export function cosine(turns) {
  const place = turns * TABLE + TABLE / 4;
  const i = place | 0;
  return SINES[i] + (SINES[i + 1] - SINES[i]) * (place - i);
}

// The inverse transform of `size` complex numbers, a power of two, without the division by `size`.
// Put number k into `re` and `im` at `order[k]`; then `run` leaves the samples there.
export class Inverse {
  constructor(size) {
    this.size = size;
    this.re = new Float64Array(size);
    this.im = new Float64Array(size);
    this.order = new Uint32Array(size);
    for (let i = 1; i < size; i++) {
      this.order[i] = (this.order[i >> 1] >> 1) | (i & 1 ? size >> 1 : 0);
    }
    const turn = (i) => (2 * Math.PI * i) / size;
    this.cos = Float64Array.from({ length: size / 2 }, (_, i) => Math.cos(turn(i)));
    this.sin = Float64Array.from({ length: size / 2 }, (_, i) => Math.sin(turn(i)));
  }

  run() {
    const { size, re, im, cos, sin } = this;
    for (let half = 1; half < size; half *= 2) {
      const step = size / (2 * half);
      for (let start = 0; start < size; start += 2 * half) {
        for (let i = start, k = 0; i < start + half; i++, k += step) {
          const j = i + half;
          const real = re[j] * cos[k] - im[j] * sin[k];
          const imaginary = re[j] * sin[k] + im[j] * cos[k];
          re[j] = re[i] - real;
          im[j] = im[i] - imaginary;
          re[i] += real;
          im[i] += imaginary;
        }
      }
    }
  }
}
