// The console's own: choosing rows for an action on many, and what designers need.
import './builder.js';
import './places.js';
import './rows.js';
import './designer.js';
