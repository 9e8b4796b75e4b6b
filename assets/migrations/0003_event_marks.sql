-- How an event's request ended where it did not come to a good end, and whether its tokens were estimated.
ALTER TABLE events ADD COLUMN tokens_are_estimated INTEGER NOT NULL DEFAULT 0;
ALTER TABLE events ADD COLUMN outcome TEXT;
