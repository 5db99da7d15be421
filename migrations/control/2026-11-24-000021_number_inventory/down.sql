DROP TABLE number_moves;
DROP TABLE number_inventory;
