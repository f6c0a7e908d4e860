// What every page loads.
import './core.js';
import './combobox.js';
import './files.js';
import './form.js';
