-- The image makes fiapx_migration, who may do all in the database fiapx. This is the service's own, who changes no table.
CREATE USER fiapx IDENTIFIED BY 'not-a-secret';
GRANT SELECT, INSERT, UPDATE, DELETE ON fiapx.* TO fiapx;
