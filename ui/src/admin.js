// The console's own: choosing rows for an action on many.
import './rows.js';
