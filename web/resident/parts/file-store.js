// Photos and voice messages that are not yet handed in, kept in the phone's own database so that a closed page or a dead network loses none.

const NAME = "linli-photos";
const TABLE = "waiting";

function database() {
  return new Promise((resolve, reject) => {
    const asked = indexedDB.open(NAME, 1);
    asked.onupgradeneeded = () => asked.result.createObjectStore(TABLE);
    asked.onsuccess = () => resolve(asked.result);
    asked.onerror = () => reject(asked.error);
  });
}

async function use(mode, act) {
  try {
    const opened = await database();
    return await new Promise((resolve, reject) => {
      const asked = act(opened.transaction(TABLE, mode).objectStore(TABLE));
      asked.onsuccess = () => resolve(asked.result);
      asked.onerror = () => reject(asked.error);
    });
  } catch (error) {
    // A browser in private mode has no database: the file then lives as long as the page does.
    return undefined;
  }
}

export const keepFile = (name, file) => use("readwrite", table => table.put(file, name));
export const keptFile = name => use("readonly", table => table.get(name));
export const dropFile = name => use("readwrite", table => table.delete(name));
