// Pictures side by side: what the threshold makes of them is computed here, while it is dragged.
// Scores come from Python, one for each threshold; this file only colours pixels.

const pixelsOf = (source) => new Promise((resolve, reject) => {
  const image = new Image();
  image.onload = () => {
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [image.naturalWidth, image.naturalHeight];
    const context = canvas.getContext("2d", { willReadFrequently: true });
    context.drawImage(image, 0, 0);
    resolve(context.getImageData(0, 0, canvas.width, canvas.height));
  };
  image.onerror = reject;
  image.src = source;
});

const element = (name, parent, text = "", attributes = {}) => {
  const made = document.createElement(name);
  made.textContent = text;
  Object.assign(made, attributes);
  parent.appendChild(made);
  return made;
};

// One canvas with a caption; `caption` holds lines of text, `bold` of which is the last.
const panel = (parent, view, title, colour) => {
  const figure = element("figure", parent);
  if (colour) figure.style.setProperty("--colour", colour);
  const caption = element("figcaption", figure, title);
  const canvas = element("canvas", element("div", figure, "", { className: "frame" }));
  view.add(canvas);
  return { figure, caption, canvas };
};

const paint = (canvas, pixels) => {
  if (canvas.width !== pixels.width || canvas.height !== pixels.height)
    [canvas.width, canvas.height] = [pixels.width, pixels.height];
  canvas.getContext("2d").putImageData(pixels, 0, 0);
};

// The same part of every picture: wheel and drag move all canvases alike.
class View {
  constructor() { this.canvases = []; this.reset(); }
  reset() { [this.scale, this.x, this.y] = [1, 0, 0]; this.apply(); }
  apply() {
    const limit = (value) => Math.min(0, Math.max(1 - this.scale, value));
    [this.x, this.y] = [limit(this.x), limit(this.y)];
    const { x, y, scale } = this;
    for (const canvas of this.canvases)
      canvas.style.transform = `translate(${100 * x}%, ${100 * y}%) scale(${scale})`;
  }
  add(canvas) {
    this.canvases.push(canvas);
    const frame = canvas.parentElement;
    const place = (event) => {
      const box = frame.getBoundingClientRect();
      return [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
    };
    frame.onwheel = (event) => {
      event.preventDefault();
      const [px, py] = place(event);
      const scale = Math.min(32, Math.max(1, this.scale * Math.exp(-event.deltaY / 400)));
      this.x = px - (px - this.x) * scale / this.scale;
      this.y = py - (py - this.y) * scale / this.scale;
      this.scale = scale;
      this.apply();
    };
    let last = null;
    frame.onpointerdown = (event) => { last = place(event); frame.setPointerCapture(event.pointerId); };
    frame.onpointerup = () => { last = null; };
    frame.onpointermove = (event) => {
      if (!last) return;
      const [px, py] = place(event);
      [this.x, this.y, last] = [this.x + px - last[0], this.y + py - last[1], [px, py]];
      this.apply();
    };
    frame.ondblclick = () => this.reset();
  }
}

// The photo, tinted in each of the four colours of pixels: true/false positive/negative.
const tinted = (photo, colours) => colours.map(([red, green, blue], kind) => {
  const share = kind === 3 ? 0.3 : 0.75;  // what is rightly background stays a photo
  const tint = new ImageData(new Uint8ClampedArray(photo.data), photo.width, photo.height);
  for (let i = 0; i < tint.data.length; i += 4) {
    tint.data[i] += share * (red - tint.data[i]);
    tint.data[i + 1] += share * (green - tint.data[i + 1]);
    tint.data[i + 2] += share * (blue - tint.data[i + 2]);
  }
  return new Uint32Array(tint.data.buffer);
});

const load = async (data, panels) => {
  const [photo, truth, ...others] = await Promise.all(
    [data.photo, data.truth, ...data.maps.map((map) => map.source),
      ...data.runs.map((run) => run.source)].map(pixelsOf));
  panels.replaceChildren();
  const view = new View();
  const shared = element("div", panels, "", { className: "group" });
  paint(panel(shared, view, "photo").canvas, photo);
  paint(panel(shared, view, "truth").canvas, truth);
  data.maps.forEach((map, i) => paint(panel(shared, view, map.title).canvas, others[i]));
  const beside = element("div", panels, "", { className: "runs" });
  const tints = tinted(photo, data.colours.map(({ rgb }) => rgb));
  const runs = data.runs.map((run, i) => {
    const probability = others[data.maps.length + i];
    const pair = element("div", beside, "", { className: "group" });
    element("div", pair, run.label, { className: "run" });
    const left = panel(pair, view, "probability", run.colour);
    paint(left.canvas, probability);
    const { figure, caption, canvas } = panel(pair, view, "", run.colour);
    figure.dataset.run = run.id;
    const values = new Uint8Array(probability.data.length / 4);
    const objects = new Uint8Array(values.length);
    for (let p = 0; p < values.length; p++) {
      values[p] = probability.data[4 * p];
      objects[p] = truth.data[4 * p] ? 1 : 0;
    }
    const pixels = new ImageData(photo.width, photo.height);
    const words = new Uint32Array(pixels.data.buffer);
    return { ...run, canvas, score: element("b", caption), values, objects, pixels, words };
  });
  return { id: data.id, tints, runs };
};

const draw = (loaded, data, step) => {
  const [hit, alarm, miss, rest] = loaded.tints;
  const level = data.levels[step];
  for (const run of loaded.runs) {
    for (let p = 0; p < run.words.length; p++) {
      const object = run.objects[p];
      run.words[p] = run.values[p] >= level ? (object ? hit : alarm)[p] : (object ? miss : rest)[p];
    }
    paint(run.canvas, run.pixels);
    run.score.textContent = `IoU ${run.iou[step].toFixed(3)}  Dice ${run.dice[step].toFixed(3)}`;
  }
};

// By the element that holds the pictures: Streamlit may put a new, empty one in its place.
const states = new WeakMap();

export default async function ({ data, parentElement: root, setStateValue }) {
  const slider = root.querySelector("input");
  const output = root.querySelector(".threshold");
  const legend = root.querySelector(".legend");
  legend.replaceChildren();
  for (const { name, rgb } of data.colours) {
    const entry = element("span", legend);
    element("i", entry).style.background = `rgb(${rgb})`;
    entry.append(name);
  }
  slider.max = data.steps.length - 1;
  const panels = root.querySelector(".panels");
  let loaded = states.get(panels);
  if (loaded?.id !== data.id) {
    loaded = await load(data, panels);
    states.set(panels, loaded);
  }
  // Python says again what the slider said: only another threshold, of another address, moves it.
  if (loaded.threshold !== data.threshold) {
    loaded.threshold = data.threshold;
    slider.value = data.steps.indexOf(data.threshold);
  }
  const show = () => {
    output.textContent = `p ≥ ${data.steps[slider.value].toFixed(2)}`;
    draw(loaded, data, slider.value);
  };
  slider.oninput = show;
  slider.onchange = () => {
    loaded.threshold = data.steps[slider.value];
    setStateValue("threshold", loaded.threshold);
  };
  slider.onkeydown = (event) => event.stopPropagation();  // arrows move it, not the pictures
  show();
}
