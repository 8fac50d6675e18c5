// Latents: new ones, walks, and the map around one.
//
// Where latents are uniform, the map and its neighbours are laid out among normal numbers, and
// brought back by their distribution: so each point of the map is a latent as likely as any.

const EDGE = 0.999999; // a latent at ±1 would be infinitely far among normal numbers

const gauss = () => {
  const radius = Math.sqrt(-2 * Math.log(1 - Math.random()));
  return radius * Math.cos(2 * Math.PI * Math.random());
};

// The error function, to 1.2e-7 (Press et al., Numerical Recipes, 6.2).
function erf(x) {
  const t = 1 / (1 + 0.5 * Math.abs(x));
  const terms = [
    -1.26551223, 1.00002368, 0.37409196, 0.09678418, -0.18628806, 0.27886807, -1.13520398,
    1.48851587, -0.82215223, 0.17087277,
  ];
  const sum = terms.reduceRight((total, term) => total * t + term, 0);
  const y = 1 - t * Math.exp(-x * x + sum);
  return x < 0 ? -y : y;
}

// Its inverse, a first guess (Winitzki 2008) and two steps of Newton's.
function inverseErf(y) {
  const log = Math.log(1 - y * y);
  const half = 2 / (Math.PI * 0.147) + log / 2;
  let x = Math.sign(y) * Math.sqrt(Math.sqrt(half * half - log / 0.147) - half);
  for (let i = 0; i < 2; i++) x -= (erf(x) - y) / ((2 / Math.sqrt(Math.PI)) * Math.exp(-x * x));
  return x;
}

export class Latents {
  constructor({ latentDim, distribution }) {
    this.dim = latentDim;
    this.uniform = distribution === "uniform";
  }

  draw() {
    const one = this.uniform ? () => 2 * Math.random() - 1 : gauss;
    return Float32Array.from({ length: this.dim }, one);
  }

  // Normal numbers of a latent, and back.
  spread(latent) {
    if (!this.uniform) return Float64Array.from(latent);
    const inside = (x) => Math.min(EDGE, Math.max(-EDGE, x));
    return Float64Array.from(latent, (x) => Math.SQRT2 * inverseErf(inside(x)));
  }

  gather(normal) {
    return Float32Array.from(normal, (x) => (this.uniform ? erf(x / Math.SQRT2) : x));
  }

  // A latent moved by a step of its normal numbers, which keep their length: as likely as it was.
  moved(latent, step) {
    const before = this.spread(latent);
    const after = before.map((x, i) => x + step[i]);
    const scale = Math.hypot(...before) / Math.max(Math.hypot(...after), 1e-12);
    return this.gather(after.map((x) => x * scale));
  }

  // A map around a latent: two directions, at right angles to it and to each other.
  map(centre) {
    const middle = this.spread(centre);
    const across = perpendicular(this.normals(), [middle]);
    const up = perpendicular(this.normals(), [middle, across]);
    return { centre, middle, across, up };
  }

  normals() {
    return Float64Array.from({ length: this.dim }, gauss);
  }

  // The latent at x, y of a map, −1 … 1 each: the centre at 0, 0, as far as any other at the rim.
  at({ centre, middle, across, up }, x, y) {
    const far = Math.min(1, Math.hypot(x, y));
    if (far === 0) return Float32Array.from(centre);
    const [near, away] = [Math.cos((far * Math.PI) / 2), Math.sin((far * Math.PI) / 2)];
    const [a, b] = [(away * x) / Math.hypot(x, y), (away * y) / Math.hypot(x, y)];
    return this.gather(middle.map((m, i) => near * m + a * across[i] + b * up[i]));
  }
}

// The part of x at right angles to others, as long as the first of them.
function perpendicular(x, others) {
  const dot = (a, b) => a.reduce((sum, value, i) => sum + value * b[i], 0);
  let rest = x;
  for (const other of others) {
    const share = dot(rest, other) / (dot(other, other) || 1);
    rest = rest.map((value, i) => value - share * other[i]);
  }
  const scale = Math.sqrt(dot(others[0], others[0]) / (dot(rest, rest) || 1));
  return rest.map((value) => value * scale);
}

// The latent a share of the way from one to another, as `kwavegan generate --interpolate` walks.
export function between(from, to, share) {
  return from.map((x, i) => Math.fround((1 - share) * x + share * to[i]));
}
