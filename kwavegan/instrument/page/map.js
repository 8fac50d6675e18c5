// The map around a sound: drag over it, or use the arrow keys, and each point is a sound. Its
// colours come from the sounds themselves: warm where they are dull, cool where they are bright,
// light where they are long.

import { find, say } from "./dom.js";
import { character } from "./sounds.js";

const CELLS = 15; // colours from side to side
const SLICE = 8; // ms of computing at once, so that the page stays quick
const STEP = 0.08; // of an arrow key
const QUIET = 300; // ms without a touch before colours are computed

export function showMap({ kit, player, network }) {
  const box = find("#map");
  const canvas = find("canvas", box);
  const dot = find(".dot", box);
  const place = { x: 0, y: 0 };
  const painting = new Painting(canvas);
  let map = null;

  const move = (x, y, remember) => {
    const far = Math.max(1, Math.hypot(x, y));
    Object.assign(place, { x: x / far, y: y / far });
    if (remember) kit.remember(kit.selected);
    kit.setLatent(kit.selected, kit.latents.at(map, place.x, place.y), false);
    player.hit(kit.selected);
    showPlace();
  };
  const showPlace = () => {
    dot.style.left = `${50 + 50 * place.x}%`;
    dot.style.top = `${50 - 50 * place.y}%`;
    const [x, y] = [place.x, place.y].map((value) => Math.round(100 * value));
    box.setAttribute("aria-valuenow", Math.round(100 * Math.hypot(place.x, place.y)));
    box.setAttribute("aria-valuetext", x || y ? `${x} across, ${y} up` : "centre");
  };
  const centre = () => {
    map = kit.latents.map(kit.pads[kit.selected].latent);
    Object.assign(place, { x: 0, y: 0 });
    showPlace();
    const label = kit.selected;
    painting.start(({ x, y }) => character(network.sound(kit.latents.at(map, x, y), label)));
  };

  box.addEventListener("pointerdown", (event) => {
    box.setPointerCapture(event.pointerId);
    drag(event, true);
  });
  box.addEventListener("pointermove", (event) => box.hasPointerCapture(event.pointerId) && drag(event, false));
  const drag = (event, remember) => {
    const { left, top, width, height } = box.getBoundingClientRect();
    const x = ((event.clientX - left) / width) * 2 - 1;
    const y = 1 - ((event.clientY - top) / height) * 2;
    if (remember || Math.hypot(x - place.x, y - place.y) > 0.03) move(x, y, remember);
  };
  box.addEventListener("keydown", (event) => {
    const steps = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1], Home: [0, 0] };
    const step = steps[event.key];
    if (!step) return;
    event.preventDefault();
    if (event.key === "Home") move(0, 0, true);
    else move(place.x + STEP * step[0], place.y + STEP * step[1], true);
  });
  find("#map-centre").addEventListener("click", () => {
    centre();
    say("The map is around this sound now.");
  });
  kit.addEventListener("select", centre);
  // A sound that did not come from the map, such as one of the dice, is the middle of a new one.
  kit.addEventListener("sound", ({ detail }) => {
    if (detail !== kit.selected) return;
    const { latent } = kit.pads[detail];
    const here = kit.latents.at(map, place.x, place.y);
    if (!latent.every((x, i) => x === here[i])) centre();
  });
  kit.addEventListener("hit", ({ detail }) => detail.live && painting.wait());
  centre();
}

// Colour the map from its middle outwards, a few points at a time and while nothing is played.
class Painting {
  constructor(canvas) {
    this.screen = canvas.getContext("2d");
    this.picture = Object.assign(document.createElement("canvas"), { width: CELLS, height: CELLS });
    this.wait();
  }

  // Let fingers come first.
  wait() {
    this.quietAt = performance.now() + QUIET;
  }

  start(characterAt) {
    clearTimeout(this.timer);
    this.wait();
    const cells = [];
    for (let row = 0; row < CELLS; row++) {
      for (let column = 0; column < CELLS; column++) {
        const x = (2 * column + 1) / CELLS - 1;
        const y = 1 - (2 * row + 1) / CELLS;
        if (Math.hypot(x, y) < 1.12) cells.push({ x, y, row, column });
      }
    }
    cells.sort((a, b) => Math.hypot(b.x, b.y) - Math.hypot(a.x, a.y));
    Object.assign(this, { cells, done: [], characterAt });
    this.screen.clearRect(0, 0, this.screen.canvas.width, this.screen.canvas.height);
    this.picture.getContext("2d").clearRect(0, 0, CELLS, CELLS);
    this.timer = setTimeout(() => this.more(), 0);
  }

  more() {
    const end = performance.now() + SLICE;
    if (performance.now() > this.quietAt) {
      while (this.cells.length && performance.now() < end) {
        const cell = this.cells.pop();
        this.done.push({ ...cell, ...this.characterAt(cell) });
      }
      this.show();
    }
    if (this.cells.length) this.timer = setTimeout(() => this.more(), 16);
  }

  // Colours span what this map has: its dullest sound to its brightest, its shortest to its longest.
  show() {
    const dots = this.picture.getContext("2d");
    const [bright, long] = ["bright", "long"].map((name) => spanOf(this.done.map((cell) => cell[name])));
    for (const cell of this.done) {
      dots.fillStyle = `hsl(${18 + 235 * bright(cell.bright)} 62% ${26 + 42 * long(cell.long)}%)`;
      dots.fillRect(cell.column, cell.row, 1, 1);
    }
    const { width, height } = this.screen.canvas;
    this.screen.imageSmoothingQuality = "high";
    this.screen.drawImage(this.picture, 0, 0, width, height);
  }
}

function spanOf(values) {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  return (value) => (high > low ? (value - low) / (high - low) : 0.5);
}
