// What the reader leaves behind: stars, the place, settings. It belongs to the archive's id, so it
// survives moving and copying the folder, and it can be saved to a small file and read back.

const given = JSON.parse(document.getElementById("data").textContent);
document.getElementById("data").remove();  // its text would stay in memory as long as the page is open
const STORAGE_KEY = `gdrive-wa ${given.id}`;
const FILE_FORMAT = "gdrive-wa places";
const LARGEST_FILE = 8 * 1024 * 1024;

const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);

/** Stars by note: 1 or 0, and when that was chosen, in milliseconds. The later choice wins. */
function mergedStars(...all) {
  const stars = Object.create(null);  // a key may be called __proto__
  for (const some of all) {
    if (!isObject(some)) continue;
    for (const [key, value] of Object.entries(some)) {
      const [on, when] = Array.isArray(value) ? value : [value, 0];  // older pages kept no times
      if (typeof when === "number" && (stars[key] === undefined || when >= stars[key][1])) {
        stars[key] = [on ? 1 : 0, when];
      }
    }
  }
  return stars;
}

function merged(...all) {
  const known = all.filter(isObject);
  return Object.assign({}, ...known, {
    stars: mergedStars(...known.map((one) => one.stars)),
    place: known.map((one) => one.place).filter(isObject)
      .reduce((last, place) => last === null || (place.when || 0) >= (last.when || 0) ? place : last, null),
  });
}

// Some browsers save nothing for a page opened from disk, or only until the window is closed.
function read(name, key) {
  try {
    return JSON.parse(window[name].getItem(key));
  } catch {
    return null;
  }
}

function write(name) {
  try {
    window[name].setItem(STORAGE_KEY, JSON.stringify(saved));
  } catch { /* this browser does not save it */ }
}

const stored = () => [
  read("localStorage", `gdrive-wa ${location.pathname}`),  // where older pages kept it
  read("sessionStorage", STORAGE_KEY),
  read("localStorage", STORAGE_KEY),
];
const saved = merged(...stored());

function save(changes = {}, stars = {}) {
  Object.assign(saved, merged(...stored(), saved, changes, { stars }));  // another window may have saved too
  write("localStorage");
  write("sessionStorage");
}
addEventListener("pagehide", () => save());

/** The file's text. */
function placesFile() {
  const { stars, place } = saved;
  return JSON.stringify({ format: FILE_FORMAT, version: 1, archive: given.id, stars, place }, null, 1);
}

/** Take over a saved file. Returns how many stars it holds and whether it is this archive's; null for any other file. */
function takeFile(text) {
  let file = null;
  try {
    file = JSON.parse(text);
  } catch { /* not one of ours */ }
  if (!isObject(file) || file.format !== FILE_FORMAT || !isObject(file.stars)) return null;
  const own = file.archive === given.id;
  save(own && isObject(file.place) ? { place: file.place } : {}, mergedStars(file.stars));
  return { stars: Object.values(mergedStars(file.stars)).filter(([on]) => on).length, own };
}
