// What every page loads.
import './core.js';
import './combobox.js';
import './form.js';
