import"./chunk-SPBH7QAH.js";import"./chunk-GGOTKOLJ.js";
