// What every page loads.
import './core.js';
import './menus.js';
import './keys.js';
import './palette.js';
import './combobox.js';
import './files.js';
import './form.js';
import './fields.js';
import './drafts.js';
import './unsent.js';
import './reading.js';
import './changes.js';
