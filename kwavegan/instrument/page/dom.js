// Small helpers for elements.

export const find = (selector, root = document) => root.querySelector(selector);

// Make an element: properties, `data-…` and `aria-…` attributes, and children.
export function make(name, properties = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (key === "on") for (const [event, act] of Object.entries(value)) element.addEventListener(event, act);
    else if (key.includes("-") || key === "role") element.setAttribute(key, value);
    else element[key] = value;
  }
  element.append(...children);
  return element;
}

const SVG = "http://www.w3.org/2000/svg";

export function icon(name) {
  const picture = document.createElementNS(SVG, "svg");
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", `#icon-${name}`);
  picture.setAttribute("class", "icon");
  picture.setAttribute("aria-hidden", "true");
  picture.append(use);
  return picture;
}

export const iconButton = (name, label, act) =>
  make("button", { type: "button", title: label, "aria-label": label, on: { click: act } }, icon(name));

const COLUMNS = 96;

// The outline of a sound as a picture 96 wide and 2 high.
export function outline() {
  const picture = document.createElementNS(SVG, "svg");
  const path = document.createElementNS(SVG, "path");
  picture.setAttribute("viewBox", `0 0 ${COLUMNS} 2`);
  picture.setAttribute("preserveAspectRatio", "none");
  picture.setAttribute("class", "outline");
  picture.setAttribute("aria-hidden", "true");
  picture.append(path);
  return picture;
}

export function drawOutline(picture, [audio]) {
  const tops = [];
  const bottoms = [];
  for (let column = 0; column < COLUMNS; column++) {
    const [from, to] = [0, 1].map((next) => Math.floor(((column + next) * audio.length) / COLUMNS));
    let [low, high] = [-0.01, 0.01];
    for (let i = from; i < to; i++) {
      if (audio[i] < low) low = audio[i];
      if (audio[i] > high) high = audio[i];
    }
    tops.push(`${column + 0.5} ${(1 - high).toFixed(3)}`);
    bottoms.unshift(`${column + 0.5} ${(1 - low).toFixed(3)}`);
  }
  picture.firstChild.setAttribute("d", `M${tops.join("L")}L${bottoms.join("L")}Z`);
}

// Say something to those who listen to the page.
export function say(text) {
  find("#said").textContent = text;
}

const still = matchMedia("(prefers-reduced-motion: reduce)");

export function flash(element, strength = 1) {
  if (still.matches) return;
  const lit = { filter: `brightness(${1 + 0.5 * strength})`, transform: `scale(${1 - 0.03 * strength})` };
  element.animate([lit, { filter: "none", transform: "none" }], { duration: 220, easing: "ease-out" });
}
